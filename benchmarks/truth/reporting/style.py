"""How the page looks, and the few lines that move its sliders."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif;
--line:#8885;--soft:#8883;--bad:#c62828;--good:#2e7d32}
@media(prefers-color-scheme:dark){:root{--bad:#ef7070;--good:#7cc47f}}
body{margin:1.5rem auto;max-width:108rem;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.2rem;margin:1.6rem 0 .3rem}
h3{font-size:1rem;margin:1rem 0 .3rem}p{margin:.25rem 0}small{opacity:.75}
section{border-top:1px solid var(--line);margin-top:1.5rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:.4rem 0}
td,th{padding:.1rem .42rem;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tbody th{text-align:left;font-weight:400}tr{border-bottom:1px solid var(--soft)}
.result{font-weight:600}.result th{font-weight:600}.beside{opacity:.8}
.worse{color:var(--bad)}.good{color:var(--good)}ul{margin:.3rem 0;padding-left:1.2rem}
figure{margin:0}figcaption{font-size:.8rem;opacity:.8}
.plot{margin:1rem 0;max-width:62rem}.plot figcaption{font-weight:600;opacity:1;font-size:.9rem}
.key{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.8rem}
.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:.35rem;margin-right:.3rem}
svg{width:100%;height:auto}svg text{font-size:12px;fill:currentColor}
.end{text-anchor:end}.mid{text-anchor:middle}.soft{stroke:var(--soft);fill:none}
.curve{fill:none;stroke-width:2}
.stills{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));
align-items:start}.stills img{display:block;width:100%;height:auto;border-radius:.2rem}
.slider div{position:relative}.slider .upper{position:absolute;inset:0;
clip-path:inset(0 calc(100% - var(--at,50%)) 0 0)}.slider input{width:100%;margin:.2rem 0 0}
"""
SCRIPT = """
for (const slider of document.querySelectorAll(".slider")) {
  const input = slider.querySelector("input");
  const show = () => slider.style.setProperty("--at", input.value + "%");
  input.addEventListener("input", show);
  show();
}
"""
