// What htmx alone does not know of the refreshing part of a page: nothing is asked for while nobody looks, and when the
// sign-in has ended the page loads anew, which leads to the sign-in.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "live" && document.hidden) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (event.target.id !== "live" || xhr.status === 304 || xhr.responseText.includes('id="live"')) return;
  event.detail.shouldSwap = false;
  if (xhr.status < 400) window.location.reload();
});
