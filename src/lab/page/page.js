'use strict';
// Filters and sorts the cards, and shows one alone where the address ends in #id=….
(() => {
  const main = document.getElementById('cards'), form = document.getElementById('filters');
  const own = document.getElementById('own'), count = document.getElementById('count');
  const cards = [...main.children].map((element, place) => ({
    element, place, id: element.dataset.id, text: null, side: +element.dataset.side, size: element.dataset.size,
    fits: [...element.querySelectorAll('.fit')].map(fit => ({ element: fit, ...fit.dataset })),
  }));
  const byId = new Map(cards.map(card => [card.id, card]));
  const set = (element, name, value) => { if (element[name] !== value) element[name] = value; };
  let order = cards;

  // The fits of a card that the chosen variant has.
  const fitsOf = (card, variant) => card.fits.filter(fit => !variant || fit.variant === variant);

  function passes(card, { state, size, variant, find }) {
    const fits = fitsOf(card, variant), solved = fits.filter(fit => fit.state === 'solved').length;
    if (card.fits.length && !fits.length || size && card.size !== size) return false;
    if (find) {
      const text = card.text ??= (card.fits.length ? card.id : card.element.textContent).toLowerCase();
      if (!text.includes(find.toLowerCase())) return false;
    }
    if (state === 'solved') return solved > 0;
    if (state === 'wrong') return fits.some(fit => fit.state === 'wrong') && !solved;
    return state !== 'differs' || solved > 0 && solved < fits.length;
  }

  function worth(card, { sort, variant }) {
    if (sort === 'side') return card.side;
    const fits = fitsOf(card, variant);
    return fits.reduce((sum, fit) => sum + +fit[sort], 0) / Math.max(fits.length, 1);
  }

  function filter() {
    const wish = Object.fromEntries(new FormData(form));
    order = [...cards];
    if (wish.sort === 'id') order.sort((a, b) => a.id < b.id ? -1 : 1);
    else if (wish.sort) {
      const worths = new Map(cards.map(card => [card, worth(card, wish)]));
      order.sort((a, b) => worths.get(a) - worths.get(b) || a.place - b.place);
    }
    if (wish.down) order.reverse();
    let shown = 0;
    for (const card of order) {
      const passed = passes(card, wish);
      shown += passed;
      set(card.element, 'hidden', !passed);
      for (const fit of card.fits) set(fit.element, 'hidden', !!wish.variant && fit.variant !== wish.variant);
    }
    order.forEach((card, place) => { if (main.children[place] !== card.element) main.insertBefore(card.element, main.children[place] ?? null); });
    count.textContent = `${shown} of ${cards.length} shown`;
    order = order.filter(card => !card.element.hidden);
  }

  const decoded = text => { try { return decodeURIComponent(text); } catch { return text; } };
  const link = card => '#id=' + encodeURIComponent(card.id);
  let left = 0;

  function route() {
    const id = location.hash.startsWith('#id=') ? location.hash.slice(4) : '';
    const card = byId.get(id) ?? byId.get(decoded(id)), was = document.body.classList.contains('one');
    if (card && !was) left = scrollY;
    document.body.classList.toggle('one', !!card);
    own.hidden = !card;
    filter();
    if (card) {
      for (const other of cards) set(other.element, 'hidden', other !== card);
      for (const fit of card.fits) set(fit.element, 'hidden', false);
      for (const details of card.element.querySelectorAll('details')) details.open = true;
      const ring = order.includes(card) ? order : cards, place = ring.indexOf(card);
      for (const [name, step] of [['before', -1], ['next', 1]]) {
        const other = ring[place + step], element = document.getElementById(name);
        element.hidden = !other;
        if (other) element.href = link(other);
      }
      scrollTo(0, 0);
    } else if (was) {
      for (const details of main.querySelectorAll('details[open]')) details.open = false;
      scrollTo(0, left);
    }
  }

  form.addEventListener('input', filter);
  form.addEventListener('submit', event => event.preventDefault());
  addEventListener('hashchange', route);
  route();

  const heat = document.getElementById('heat');
  if (heat) {
    const groups = +heat.dataset.groups;
    const pair = event => {
      const box = heat.getBoundingClientRect();
      return [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width].map(share => Math.min(groups, 1 + Math.floor(groups * share)));
    };
    heat.addEventListener('mousemove', event => { document.getElementById('pair').textContent = `Group ${pair(event).join(' and group ')}.`; });
    heat.addEventListener('click', event => { location.hash = `id=${pair(event)[0]}`; });
  }
})();
