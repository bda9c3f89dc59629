import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { enumName } from './enum-name.ts';
import type { Cell } from './table.ts';

/** A health status as a cell: green well, yellow works, red does not. */
export function healthCell(status: HealthStatus): Cell {
  const text = enumName(HealthStatus, status);
  switch (status) {
    case HealthStatus.HEALTHY:
      return { text, colour: 'green' };
    case HealthStatus.DEGRADED:
      return { text, colour: 'yellow' };
    case HealthStatus.UNHEALTHY:
    case HealthStatus.FAILED:
    case HealthStatus.DISCONNECTED:
      return { text, colour: 'red' };
    case HealthStatus.UNKNOWN:
    case HealthStatus.UNSPECIFIED:
      return { text, colour: 'dim' };
    default:
      return text;
  }
}

/** A breaker's state as a cell: green calls pass, yellow trial calls or whatever happens, red none. */
export function breakerCell(state: BreakerState): Cell {
  const text = enumName(BreakerState, state);
  switch (state) {
    case BreakerState.CLOSED:
      return { text, colour: 'green' };
    case BreakerState.HALF_OPEN:
    case BreakerState.FORCED_CLOSED:
      return { text, colour: 'yellow' };
    case BreakerState.OPEN:
    case BreakerState.FORCED_OPEN:
      return { text, colour: 'red' };
    case BreakerState.UNSPECIFIED:
      return { text, colour: 'dim' };
    default:
      return text;
  }
}
