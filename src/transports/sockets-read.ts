/** Every socket has been read since: the first turn may be the end of the one that is being handled. */
export async function socketsRead(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
