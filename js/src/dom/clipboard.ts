/** False when the browser did not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text); // a notebook server without TLS has no navigator.clipboard
  }
}

/** The same in words; nothing to copy counts as not allowed. */
export async function copyInWords(text: string | undefined): Promise<string> {
  return text !== undefined && (await copyText(text)) ? "Copied" : "The browser did not allow it";
}

/** Browsers take pictures as PNG only. False when this one did not. */
export async function copyPicture({ blob, url }: { blob: Blob; url: string }): Promise<boolean> {
  try {
    const png = blob.type === "image/png" ? blob : await toPng(url);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    return true;
  } catch {
    return false;
  }
}

function copyByCommand(text: string): boolean {
  let copied = false;
  const write = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopPropagation(); // the notebook would copy its cell
    copied = true;
  };
  document.addEventListener("copy", write, { capture: true });
  try {
    document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", write, { capture: true });
  }
  return copied;
}

async function toPng(url: string): Promise<Blob> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no PNG"))), "image/png");
  });
}
