/** Puts the page together: state on one side, what shows it on the other. */
import { Playground } from './engine/playground.js';
import { removeLeftovers } from './engine/temporaryPools.js';
import { CrashLab } from './lab/crashLab.js';
import { EditorState } from './state/editorState.js';
import { FIRST_CONFIG } from './state/presets.js';
import { fromHash, type LinkedState } from './state/urlState.js';
import { CrashPanel } from './views/crashPanel.js';
import { ConvergencePanel } from './views/convergencePanel.js';
import { DepletionPanel } from './views/depletionPanel.js';
import { byId } from './views/dom.js';
import { DrawPanel } from './views/drawPanel.js';
import { LinkPanel } from './views/linkPanel.js';
import { LogPanel } from './views/logPanel.js';
import { PoolEditor } from './views/poolEditor.js';
import { SharesPanel } from './views/sharesPanel.js';
import { firstDrawWords } from './views/sharesTable.js';
import { setUpTheme } from './views/theme.js';
import { UnluckyPanel } from './views/unluckyPanel.js';

/** Typing is over when nothing has come for so long. */
const SETTLE_MS = 350;

/** What a page without a link in its address begins with. */
const FIRST_STATE: LinkedState = { config: FIRST_CONFIG, draws: 200 };

function stateOfAddress(): LinkedState {
  const linked = fromHash(location.hash);
  if (typeof linked !== 'string') return linked ?? FIRST_STATE;
  const note = byId('pool-state');
  note.textContent = linked;
  return FIRST_STATE;
}

const first = stateOfAddress();
const editorState = new EditorState(first.config);
const playground = new Playground(first.config);
const lab = new CrashLab();

const editor = new PoolEditor(editorState);
const drawPanel = new DrawPanel(playground, applyEdits);
const sharesPanel = new SharesPanel((odds) => {
  // While something is being typed the odds are those of the pool before.
  if (editorState.view.value.config !== undefined) editor.showOdds(firstDrawWords(odds));
});
const convergencePanel = new ConvergencePanel();
const depletionPanel = new DepletionPanel();
const unluckyPanel = new UnluckyPanel();
const logPanel = new LogPanel(playground);
const linkPanel = new LinkPanel();
const crashPanel = new CrashPanel(lab);

let settling: ReturnType<typeof setTimeout> | undefined;

/** Makes the pool what the editor says. Resolves to false if the editor says nothing that can be. */
async function applyEdits(): Promise<boolean> {
  clearTimeout(settling);
  const { config } = editorState.view.value;
  if (config === undefined) return false;
  await playground.restartIfChanged(config);
  return true;
}

editorState.view.watch(({ config }) => {
  drawPanel.allow(config !== undefined);
  clearTimeout(settling);
  settling = setTimeout(() => void applyEdits(), SETTLE_MS);
});

playground.tally.watch((tally) => {
  if (tally.draws === 0) logPanel.forget();
  sharesPanel.show(tally);
  convergencePanel.show(tally);
  unluckyPanel.show(tally);
  logPanel.read();
});
playground.activity.watch((activity) => {
  document.body.dataset['activity'] = activity.kind;
  if (activity.kind === 'opening') {
    crashPanel.reset();
    const { config } = playground.tally.value;
    void lab.use(config.items);
    depletionPanel.show(config);
  }
  if (activity.kind === 'idle') {
    linkPanel.show(playground.tally.value);
    logPanel.read();
  }
});
playground.storage.watch((storage) => {
  const places = { opfs: 'its private file system', indexeddb: 'IndexedDB', memory: 'memory only', node: '' };
  byId('storage-note').textContent =
    storage === undefined ? '' : `The pool is kept in ${places[storage]}.`;
});

/** Opens what a link asks for, and makes its draws. */
async function follow({ config, draws }: LinkedState): Promise<void> {
  editorState.replace(config);
  await playground.restart(config);
  if (draws > 0) await playground.draw(draws);
}

// The part of the address behind `#` is the pool's, so links within the page leave it alone.
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="#"]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const target = byId(link.hash.slice(1));
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });
}

addEventListener('hashchange', () => {
  const linked = fromHash(location.hash);
  if (typeof linked === 'object') void follow(linked);
});

setUpTheme(() => {
  convergencePanel.refresh();
  depletionPanel.refresh();
});
void follow(first).then(() => removeLeftovers(new Set([playground.poolName, lab.poolName])));
