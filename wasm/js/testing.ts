/** What tests need of the package's inside, in any environment. Not shipped. */
export { RewardPoolError, asRewardPoolError } from './errors.js';
