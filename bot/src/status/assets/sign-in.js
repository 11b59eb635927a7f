// The pages in front of the dashboard.

import { translatePage } from "./words.js";

translatePage();

// Who came by a link on another site is signed in by now, but the browser holds a strict cookie back on the way from there.
const answer = await fetch("api/dashboard", { cache: "no-store" }).catch(() => null);
if (answer?.ok) location.replace("./");
