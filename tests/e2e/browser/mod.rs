//! The dashboard in a real browser, against real processes. Where no Chromium is installed the tests say so and pass;
//! the full check sets `SKYTWIN_REQUIRE_BROWSER=1`, and there their absence fails.

mod accounts;
mod answers;
mod channels;
mod driver;
mod keys;
mod live;
mod many;
mod pages;
mod rules;
mod stage;
