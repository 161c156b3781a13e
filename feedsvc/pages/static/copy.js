// Adds the buttons that copy, and the choice of a feed for another site's pages. Without it, the
// addresses, the links and the code are all there.
"use strict";
{
  const texts = document.currentScript.dataset;
  const field = document.getElementById("address");
  const said = document.getElementById("said");

  // Where the clipboard is refused, as over plain http: the old way, by selecting the text.
  const copySelected = (button, text) => {
    const area = document.createElement("textarea");
    area.value = text;
    button.after(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    button.focus();
    return isCopied;
  };

  const copy = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!copySelected(button, text)) return;
    }
    button.textContent = texts.copied;
    said.textContent = text.includes("\n") ? texts.copied : `${texts.copied}: ${text}`;
    setTimeout(() => { button.textContent = texts.copy; }, 2000);
  };

  const addButton = (place, label, read) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = texts.copy;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => copy(button, read()));
    place.append(button);
  };

  const addAddressButton = (place, name, address) =>
    addButton(place, texts.label.replace("{name}", () => name), () => address);

  addAddressButton(field.parentElement, field.dataset.name, field.value);
  field.addEventListener("focus", () => field.select());
  for (const row of document.querySelectorAll("[data-name].row")) {
    addAddressButton(row, row.dataset.name, row.querySelector(".formats a").href);
  }
  for (const snippet of document.querySelectorAll(".snippet")) {
    const code = snippet.querySelector("code");
    addButton(snippet, snippet.dataset.label, () => code.textContent);
  }

  const inHtml = (text) => {
    const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
    return text.replace(/[&<>"']/g, (one) => entities[one]);
  };

  const write = (name, text) => {
    for (const place of document.querySelectorAll(`.snippet .${name}`)) place.textContent = inHtml(text);
  };

  // The head of this page lists the feed of everything, then each section's.
  const chooser = document.getElementById("chooser");
  const found = document.querySelectorAll('link[rel="alternate"][type="application/atom+xml"]');
  const feeds = [...found].map((link, place) => ({
    title: place ? link.title : chooser.dataset.title,
    url: link.href.replace(/\.atom$/, ""),
  }));
  const select = document.createElement("select");
  select.append(...feeds.map((feed, place) => new Option(feed.title, place)));
  select.addEventListener("change", () => {
    write("feed-title", feeds[select.value].title);
    write("feed-url", feeds[select.value].url);
  });
  const label = document.createElement("label");
  label.append(texts.choose, " ", select);
  chooser.append(label);
}
