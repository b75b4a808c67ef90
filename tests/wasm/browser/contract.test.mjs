// Every storage that browsers have keeps the contract, by itself.
import { contractFor } from './contractSuite.mjs';

contractFor({
  memory: { keepsRoom: false },
  indexeddb: { keepsRoom: false, limit: true, lose: true },
  opfs: { keepsRoom: true, limit: true, lose: true },
});
