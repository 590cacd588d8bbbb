// xterm.js as the pages' content security policy takes it: that lets in a <style> with the nonce only, and no style attribute.

/** From here on, what scripts make has what the policy asks for. The nonce is that of the page's own scripts. */
export function underPolicy() {
  const { nonce } = document.querySelector('script[nonce]');
  const create = document.createElement.bind(document);
  document.createElement = (name, options) => {
    const element = create(name, options);
    if (name === 'style') element.nonce = nonce;
    if (name === 'span') element.setAttribute = setAttribute;
    return element;
  };
}

/** A colour of a letter: through the object model, which the policy leaves to scripts. */
function setAttribute(name, value) {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
