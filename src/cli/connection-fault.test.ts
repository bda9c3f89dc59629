import { expect, test } from 'vitest';
import { connectionFault } from './connection-fault.ts';

const fault = (code: string) =>
  connectionFault(
    new Error('outer', { cause: Object.assign(new Error('inner'), { code }) }),
    'https://hub.example:7700',
  );

test.each([
  ['CERT_HAS_EXPIRED', /has expired/],
  ['CERT_NOT_YET_VALID', /not valid yet/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /for another name/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not signed by an authority/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /does not accept the client certificate/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /is not encrypted: write http:/],
  ['ERR_SSL_SOMETHING_NEW', /ERR_SSL_SOMETHING_NEW/],
])('%s is a fault of TLS with a text of its own', (code, message) => {
  expect(fault(code)).toMatchObject({
    reason: 'HUB_TLS_FAILED',
    message: expect.stringMatching(message) as unknown,
  });
});

test.each([
  ['ECONNREFUSED', /connection refused/],
  ['ENOTFOUND', /the name is not known/],
  ['EHOSTUNREACH', /no way to it/],
  ['ERR_HTTP2_ERROR', /does not speak gRPC/],
])('%s means that the hub cannot be reached, and why', (code, message) => {
  expect(fault(code)).toMatchObject({
    reason: 'HUB_UNREACHABLE',
    message: expect.stringMatching(message) as unknown,
  });
});

test('causes that go round in a ring come to an end', () => {
  const error = new Error('ring');
  error.cause = error;
  expect(connectionFault(error, 'http://hub').message).toContain('(ring)');
});
