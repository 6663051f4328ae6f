"""What no line of a page may part: a formula and its comma, a number and its exponent."""

import pytest
from access import keep_together

MATH = r'<span class="math notranslate nohighlight">\(a &lt; b\)</span>'


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"<p>So {MATH}, and</p>", f'<p>So <span class="together">{MATH},</span> and</p>'),
        (f"<p>see ({MATH}).</p>", f'<p>see <span class="together">({MATH}).</span></p>'),
        (f"<p>{MATH} alone</p>", f"<p>{MATH} alone</p>"),
        ("<p>at 1.3e-01.</p>", '<p>at <span class="together">1.3e-01</span>.</p>'),
        ("<p>73 % of</p>", "<p>73\N{NO-BREAK SPACE}% of</p>"),
        ("<p><span>0.0</span> % of</p>", "<p><span>0.0</span>\N{NO-BREAK SPACE}% of</p>"),
        ("<pre>1.3e-01 <b>5 %</b></pre>", "<pre>1.3e-01 <b>5 %</b></pre>"),
        ('<img alt="1e-3 at 5 %">1e5', '<img alt="1e-3 at 5 %">1e5'),
    ],
)
def test_it_stays_together(body, kept):
    assert keep_together(body) == kept
