// Decoding the instance map: which object each pixel belongs to.

/** The ids of a PNG (base64) as an Int32Array, row by row: 0 = background, i + 1 = objects[i]. */
async function decodeInstanceMap(pngBase64, width, height) {
  const bytes = Uint8Array.from(atob(pngBase64), (character) => character.charCodeAt(0));
  // The colours are numbers: neither colour management nor alpha may touch them on the way.
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const ids = new Int32Array(width * height);
  for (let pixel = 0; pixel < ids.length; pixel++) {
    ids[pixel] = rgba[4 * pixel] + 256 * rgba[4 * pixel + 1] + 65536 * rgba[4 * pixel + 2];
  }
  return ids;
}

/** Whether the browser handed back what was stored; some add noise to canvas pixels against tracking. */
function idsAreExact(ids, expectedSum) {
  let sum = 0;
  for (const id of ids) sum += id;
  return sum === expectedSum;
}
