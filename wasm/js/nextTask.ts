/** Queued behind the messages that have come in already; at the most one at a time is needed. */
export const nextTask: (task: () => void) => void =
  // Node: a MessageChannel would keep the program from ending.
  typeof setImmediate === 'function' ? (task) => void setImmediate(task) : throughMessageChannel();

/** When what runs now is done: a task more costs a browser some ten microseconds, and Node nothing. */
export const soon: (task: () => void) => void =
  typeof setImmediate === 'function' ? nextTask : (task) => queueMicrotask(task);

function throughMessageChannel(): (task: () => void) => void {
  const tasks: (() => void)[] = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => tasks.shift()?.();
  return (task) => {
    tasks.push(task);
    channel.port2.postMessage(null);
  };
}
