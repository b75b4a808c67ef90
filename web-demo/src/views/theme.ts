/** Light, dark, or as the system has it. */
const KEY = 'rewardpool-demo-theme';

function remembered(): string {
  try {
    return localStorage.getItem(KEY) ?? 'auto';
  } catch {
    return 'auto';
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it lasts as long as the page.
  }
}

/** `onChange` is called whenever the colours become others. */
export function setUpTheme(onChange: () => void): void {
  const apply = (theme: string): void => {
    if (theme === 'auto') {
      delete document.documentElement.dataset['theme'];
    } else {
      document.documentElement.dataset['theme'] = theme;
    }
    onChange();
  };
  const current = remembered();
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    input.checked = input.value === current;
    input.addEventListener('change', () => {
      remember(input.value);
      apply(input.value);
    });
  }
  apply(current);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}
