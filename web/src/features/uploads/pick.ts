/** Opens the browser's file dialog; answers the chosen files, none when it was closed. */
export function pickFiles(options: { folder?: boolean; multiple?: boolean } = {}): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = options.multiple ?? true;
    input.webkitdirectory = options.folder ?? false;
    input.hidden = true;
    const finish = () => {
      resolve([...(input.files ?? [])]);
      input.remove();
    };
    input.addEventListener('change', finish);
    input.addEventListener('cancel', finish);
    document.body.append(input); // Safari forgets inputs that are not in the page
    input.click();
  });
}
