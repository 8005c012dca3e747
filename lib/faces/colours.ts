/**
 * The colours of all that browsers show, as CSS: light, or dark where the reader's system is, and light on paper. Blue and
 * vermilion are told apart in any kind of colour blindness (Okabe and Ito), and text on what they fill keeps a contrast of
 * 4.5 and more.
 */
export const colours = `:root { color-scheme: light; --paper: #fff; --well: #f3f6f8; --text: #16212b; --muted: #55626e; --line: #d8dfe5;
  --edge: #7c8893; --main: #0b66ad; --on-main: #fff; --other: #c04a00; --strength: 55%; --warn: #fdf1e7; --warn-line: #c04a00 }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --paper: #10171d; --well: #19232b; --text: #e5ecf2; --muted: #9fafbc; --line: #2d3a45;
    --edge: #70808d; --main: #62b0f2; --on-main: #10171d; --other: #ff9a57; --strength: 38%; --warn: #2b1f16; --warn-line: #ff9a57 }
}
`;
