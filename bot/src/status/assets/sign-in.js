// The pages in front of the dashboard.

import { translatePage } from "./words.js";

translatePage();
