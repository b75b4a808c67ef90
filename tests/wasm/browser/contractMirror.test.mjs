// OPFS with its mirror in IndexedDB keeps the contract, also without it.
import { contractFor } from './contractSuite.mjs';

contractFor({
  mirrored: { keepsRoom: false, limit: true, lose: true },
  // IndexedDB alone has no room.
  'mirrored, the mirror full': { keepsRoom: false, limit: true },
  'mirrored briefly': { keepsRoom: true, limit: true, lose: true },
});
