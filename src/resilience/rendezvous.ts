/**
 * Weighted rendezvous hashing (highest random weight): each key ranks the nodes by a score of its own, and the best one
 * has it. When a node goes, only its keys move, to the next by their own ranking; when its weight grows, keys move to it
 * alone. Each node gets keys in proportion to its weight. Thaler and Ravishankar, "Using Name-Based Mappings to Increase
 * Hit Rates" (IEEE/ACM Transactions on Networking 6(1), 1998); the weights by the logarithmic method of Schindelhauer and
 * Schomaker, "Weighted Distributed Hash Tables" (SPAA 2005).
 */
export function rendezvousScore(keyHash: number, nodeHash: number, weight: number): number {
  // Between 0 and 1, and neither of them.
  const point = (mix(keyHash ^ Math.imul(nodeHash, 0x9e3779b1)) + 0.5) / 2 ** 32;
  return -weight / Math.log(point);
}

/** A hash of a text, 32 bits: FNV-1a (public domain) over its UTF-16 units, with the final mix of MurmurHash3. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  }
  return mix(hash);
}

/** The final mix of MurmurHash3, by Austin Appleby (public domain): each bit of the input changes half of the output's. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
