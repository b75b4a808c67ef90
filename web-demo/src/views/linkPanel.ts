/** The same draws elsewhere: this page's address, and the command. */
import type { Tally } from '../engine/playground.js';
import { toConfigFile } from '../state/poolConfig.js';
import { LINKED_DRAWS_MAX, toHash } from '../state/urlState.js';
import { byId } from './dom.js';

/** A quoted text for a POSIX shell's here-document: nothing in it is expanded. */
function commandOf({ config, draws }: Tally): string {
  return (
    `rewardpool simulate --config /dev/stdin --seed ${config.seed} --count ${Math.max(draws, 1)} <<'POOL'\n` +
    `${toConfigFile(config)}POOL`
  );
}

export class LinkPanel {
  constructor() {
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
      button.addEventListener('click', () => void copy(button));
    }
  }

  show(tally: Tally): void {
    const hash = toHash({ config: tally.config, draws: tally.draws });
    const address = new URL(location.href);
    address.hash = hash;
    byId('page-link').textContent = address.href;
    byId('simulate-command').textContent = commandOf(tally);
    byId('link-limit').hidden = tally.draws <= LINKED_DRAWS_MAX;
    // No entry in the history for each draw.
    history.replaceState(null, '', hash);
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const text = byId(button.dataset['copy']!).textContent;
  let words = 'Copied.';
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    words = 'The browser does not let this page copy: select the text by hand.';
  }
  byId('copy-announcement').textContent = words;
  button.textContent = words === 'Copied.' ? 'Copied' : 'Not allowed';
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1500);
}
