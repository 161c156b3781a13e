// Adds the buttons that copy a feed's address. Without it, the field and the links are all there.
"use strict";
{
  const texts = document.currentScript.dataset;
  const field = document.getElementById("address");
  const said = document.getElementById("said");

  // Where the clipboard is refused, as over plain http: the old way, by selecting the text.
  const copySelected = (button, address) => {
    const own = field.value;
    field.value = address;
    field.select();
    const isCopied = document.execCommand("copy");
    field.value = own;
    button.focus();
    return isCopied;
  };

  const copy = async (button, address) => {
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      if (!copySelected(button, address)) return;
    }
    button.textContent = texts.copied;
    said.textContent = `${texts.copied}: ${address}`;
    setTimeout(() => { button.textContent = texts.copy; }, 2000);
  };

  const addButton = (place, name, address) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = texts.copy;
    button.setAttribute("aria-label", texts.label.replace("{name}", () => name));
    button.addEventListener("click", () => copy(button, address));
    place.append(button);
  };

  addButton(field.parentElement, field.dataset.name, field.value);
  field.addEventListener("focus", () => field.select());
  for (const row of document.querySelectorAll("[data-name].row")) {
    addButton(row, row.dataset.name, row.querySelector(".formats a").href);
  }
}
