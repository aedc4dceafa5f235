"use strict";
const events = new EventSource("events");
events.addEventListener("state", (e) => {
  document.getElementById("state").textContent = JSON.stringify(JSON.parse(e.data).snapshot, null, 2);
});
events.addEventListener("end", () => events.close());
