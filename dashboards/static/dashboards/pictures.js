// Saves a picture as PNG: the browser draws the SVG file of the server on a canvas. Without it, the SVG remains.
"use strict";
const ZOOM = 2;

async function png(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(await answer.text());
  await image.decode();
  const sheet = document.createElement("canvas");
  sheet.width = image.naturalWidth * ZOOM;
  sheet.height = image.naturalHeight * ZOOM;
  sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
  return sheet.toDataURL("image/png");
}

for (const button of document.querySelectorAll("[data-png]")) {
  button.parentElement.hidden = false;
  button.addEventListener("click", async () => {
    try {
      const link = document.createElement("a");
      link.href = await png(button.dataset.png);
      link.download = button.dataset.name;
      link.click();
    } catch {
      const said = document.getElementById("picture-failed");
      said.textContent = button.dataset.failed;
      said.hidden = false;
    }
  });
}
