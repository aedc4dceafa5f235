//go:build browser

package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil/browser"
)

var (
	desk  = browser.Look{}
	phone = browser.Look{Width: 360, Height: 740, Phone: true}
)

// TestThePage is of the page of proxy/status. One browser opens it for all.
func TestThePage(t *testing.T) {
	b := start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *browser.Browser)
	}{
		{"shows a failover without being loaded again", showsAFailover},
		{"is used with the keyboard alone", isUsedWithTheKeyboard},
		{"follows an agent through the end of its server, and its own", followsTheAgent},
		{"shows hostile texts as texts", showsHostileTexts},
		{"fits a phone", fitsAPhone},
		{"has something to say without JavaScript", speaksWithoutJavaScript},
		{"stands still for those who want that", standsStill},
		{"says what there is not", saysWhatThereIsNot},
		{"does not warn of a long TTL shortly before its end", doesNotWarnOfALongTTL},
		{"changes only what has changed", changesOnlyWhatHasChanged},
		{"is valid HTML and CSS, also what it makes of a state", isValid},
		{"is accessible, by day, by night, and on a phone", isAccessible},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}

// start runs a browser until the test ends.
func start(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// open opens the page at a URL, and waits for the first state. When the test ends the page must
// have done nothing that it must not, but for what may be.
func open(t *testing.T, b *browser.Browser, url string, look browser.Look, may ...func(fault string) bool) *browser.Page {
	t.Helper()
	p := openAny(t, b, url, look, may...)
	await(t, p, "the page shows a state", `!document.getElementById("main").hidden`)
	return p
}

func openAny(t *testing.T, b *browser.Browser, url string, look browser.Look, may ...func(fault string) bool) *browser.Page {
	t.Helper()
	p, err := b.Open(url, look)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, fault := range p.Faults() {
			if !slices.ContainsFunc(may, func(may func(string) bool) bool { return may(fault) }) {
				t.Error(fault)
			}
		}
		p.Close()
	})
	return p
}

func await(t *testing.T, p *browser.Page, what, expression string) {
	t.Helper()
	if err := p.Await(what, expression); err != nil {
		shown, _ := browser.Eval[string](p, `document.body.innerText`)
		t.Fatalf("%v\nthe page is: %.3000s", err, shown)
	}
}

func eval[T any](t *testing.T, p *browser.Page, expression string) T {
	t.Helper()
	v, err := browser.Eval[T](p, expression)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func do(t *testing.T, p *browser.Page, statements string) {
	t.Helper()
	eval[bool](t, p, "{"+statements+"; true}")
}

func press(t *testing.T, p *browser.Page, keys string) {
	t.Helper()
	if err := p.Press(keys); err != nil {
		t.Fatal(err)
	}
}

// awaitStates waits until n states more have come, and as many have been shown.
func awaitStates(t *testing.T, p *browser.Page, n int) {
	t.Helper()
	do(t, p, fmt.Sprintf(`window.states = -%d;
		if (!window.second) {
			window.second = new EventSource("events");
			window.second.addEventListener("state", () => window.states++);
		}`, n+1)) // a stream of the test's own, which may be a little ahead
	await(t, p, fmt.Sprintf("%d more states", n), "window.states >= 0")
}

// shownText is what the element with an id shows.
func shownText(id string) string { return fmt.Sprintf(`document.getElementById(%q).innerText`, id) }

func shows(id, text string) string { return fmt.Sprintf("%s.includes(%q)", shownText(id), text) }

func showsAFailover(t *testing.T, b *browser.Browser) {
	a := startAgent(t)
	p := open(t, b, show(t, a.proxy), desk)
	first := a.front(t)
	await(t, p, "it shows the server in front", shows("front-address", first))
	do(t, p, `window.mark = "not loaded again"; window.said = [];
		new MutationObserver(() => window.shownAt ??= Date.now()).observe(document.getElementById("front-address"), {childList: true, characterData: true, subtree: true});
		new MutationObserver(() => window.said.push(document.getElementById("said").textContent)).observe(document.getElementById("said"), {childList: true, characterData: true, subtree: true})`)
	move := a.kill(t)
	await(t, p, "it shows the server that took over", shows("front-address", move.To))
	t.Logf("shown %d ms after the move", eval[int64](t, p, "window.shownAt")-move.At.UnixMilli())
	await(t, p, "it tells of the one before", shows("front-before", move.From))
	await(t, p, "it lists the move", shows("moves", move.From+" → "+move.To))
	await(t, p, "the server that was killed has failed", fmt.Sprintf(`[...document.querySelectorAll("#servers tbody tr")].some(row => row.innerText.includes(%q) && row.innerText.includes("failed"))`, move.From))
	awaitStates(t, p, 3)
	if mark := eval[string](t, p, "window.mark"); mark != "not loaded again" {
		t.Errorf("the page was loaded again: %q", mark)
	}
	if said := eval[[]string](t, p, "window.said"); len(said) != 1 || !strings.Contains(said[0], "Failover") || !strings.Contains(said[0], move.To) {
		t.Errorf("a screen reader said %q; it should tell of the failover once", said)
	}
	if title := eval[string](t, p, "document.title"); !strings.HasPrefix(title, move.To) {
		t.Errorf("the title is %q", title)
	}
}

func isUsedWithTheKeyboard(t *testing.T, b *browser.Browser) {
	a := startAgent(t)
	p := open(t, b, show(t, a.proxy), desk)
	move := a.kill(t)
	await(t, p, "it lists the move", shows("moves", move.To))

	// Every control is reached, in the order in which they stand.
	var reached []string
	for range 200 {
		press(t, p, kb.Tab)
		at := eval[string](t, p, `(() => {
			const at = document.activeElement;
			if (at === document.body) return "";
			const all = [...document.querySelectorAll("a, button")].filter(node => node.checkVisibility());
			const style = getComputedStyle(at);
			if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return "the focus is not seen: " + at.outerHTML;
			return all.indexOf(at) + " of " + all.length;
		})()`)
		if at == "" || slices.Contains(reached, at) {
			break
		}
		reached = append(reached, at)
	}
	for i, at := range reached {
		if want := fmt.Sprintf("%d of %d", i, len(reached)); at != want {
			t.Fatalf("the Tab key reached %s as number %d: %q", at, i, reached)
		}
	}

	do(t, p, `document.activeElement.blur()`)
	for range len(reached) + 1 {
		press(t, p, kb.Tab)
		if eval[bool](t, p, `document.getElementById("moves").contains(document.activeElement)`) {
			break
		}
	}
	press(t, p, kb.Enter)
	const opened = `document.getElementById("moves").contains(document.activeElement) &&
		document.activeElement.getAttribute("aria-expanded") === "true" &&
		document.getElementById(document.activeElement.getAttribute("aria-controls")).innerText`
	await(t, p, "the Enter key opens the move", opened)
	if text := eval[string](t, p, opened); !strings.Contains(text, "Cause") || !strings.Contains(text, "failure of "+move.From) {
		t.Errorf("the move shows %q", text)
	}
	do(t, p, `window.head = document.activeElement; window.scrollTo(0, 200)`)
	again := a.kill(t)
	await(t, p, "it lists the next move", shows("moves", again.From+" → "+again.To))
	awaitStates(t, p, 3)
	if !eval[bool](t, p, `document.activeElement === window.head && window.head.isConnected && window.head.getAttribute("aria-expanded") === "true"`) {
		t.Errorf("the open move lost the focus, or was closed: %s", eval[string](t, p, `document.activeElement.outerHTML`))
	}
	if !eval[bool](t, p, `window.scrollY >= 200`) {
		t.Errorf("it was scrolled to %v", eval[float64](t, p, "window.scrollY"))
	}
	press(t, p, " ")
	await(t, p, "the space bar closes it", `window.head.getAttribute("aria-expanded") === "false" && document.getElementById(window.head.getAttribute("aria-controls")).hidden`)
}

func followsTheAgent(t *testing.T, b *browser.Browser) {
	a := startAgent(t)
	url, end := listen(t, "127.0.0.1:0", status.New(a.proxy, status.Config{}))
	p := open(t, b, url, desk, func(fault string) bool { // the browser logs that nothing listens for a while
		return strings.Contains(fault, "net::ERR_") && strings.HasSuffix(fault, "/events")
	})
	move := a.kill(t)
	await(t, p, "it lists the move", shows("moves", move.To))
	do(t, p, `window.mark = "not loaded again"; window.head = document.querySelector("#moves button"); window.head.click()`)
	await(t, p, "it is live", `document.getElementById("link").innerText === "Live"`)

	end()
	await(t, p, "it says that the agent is not heard", `/^Reconnecting since \d\d:\d\d:\d\d$/.test(document.getElementById("link").innerText)`)
	if !eval[bool](t, p, shows("front-address", move.To)) {
		t.Error("what was known is not shown any more")
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
	_, end = listen(t, addr, status.New(a.proxy, status.Config{}))
	await(t, p, "it is live again", `document.getElementById("link").innerText === "Live"`)
	awaitStates(t, p, 2)
	if !eval[bool](t, p, `window.mark && window.head.isConnected && window.head.getAttribute("aria-expanded") === "true"`) {
		t.Error("the page was loaded again, or what was open was closed")
	}

	stop(t, a.proxy.Stop)
	await(t, p, "it says that the agent has stopped", `document.getElementById("link").innerText === "The agent has stopped"`)
	do(t, p, `window.links = []; new MutationObserver(() => window.links.push(document.getElementById("link").innerText)).observe(document.getElementById("link"), {childList: true, characterData: true, subtree: true, attributes: true})`)
	end()
	next := startAgent(t)
	_, end = listen(t, addr, status.New(next.proxy, status.Config{}))
	defer end()
	await(t, p, "it follows the next agent", `document.getElementById("link").innerText === "Live" && `+shows("front-address", next.front(t)))
	await(t, p, "the moves of the one before are gone", `document.querySelector("#moves li") === null`)
	if links := eval[[]string](t, p, "window.links"); slices.ContainsFunc(links, func(link string) bool { return link != "Live" }) {
		t.Errorf("after the end it said %q; it should say that it is live, when the next agent is there", links)
	}
}

func fitsAPhone(t *testing.T, b *browser.Browser) {
	a := startAgent(t)
	a.kill(t)
	wild := hostile()
	for _, width := range []int{320, 360, 700, 1280} {
		for name, of := range map[string]status.Source{"a failover": a.proxy, "hostile texts": wild} {
			t.Run(fmt.Sprintf("%s, %d px", name, width), func(t *testing.T) {
				p := open(t, b, show(t, of), browser.Look{Width: width, Height: 740, Phone: width < 500})
				do(t, p, openAll)
				if over := eval[[]string](t, p, `(() => {
					if (document.documentElement.scrollWidth <= innerWidth) return [];
					return [innerWidth + " < " + document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")]
						.filter(node => node.getBoundingClientRect().right > innerWidth).map(node => node.outerHTML.slice(0, 120)).slice(0, 8)];
				})()`); len(over) > 0 {
					t.Errorf("wider than the window: %q", over)
				}
			})
		}
	}
}

// openAll opens all that can be opened.
const openAll = `for (const button of document.querySelectorAll("button:not([hidden])")) if (button.getAttribute("aria-expanded") === "false") button.click()`

func speaksWithoutJavaScript(t *testing.T, b *browser.Browser) {
	p := openAny(t, b, show(t, source{proxy.Snapshot{}, nil}), browser.Look{NoScript: true})
	await(t, p, "it names the JSON", `document.querySelector("noscript a[href='snapshot.json']").checkVisibility()`)
	if !eval[bool](t, p, `document.getElementById("main").hidden`) {
		t.Error("it shows empty boxes")
	}
}

func standsStill(t *testing.T, b *browser.Browser) {
	p := open(t, b, show(t, startAgent(t).proxy), desk)
	const moving = `[...document.querySelectorAll("*")].filter(node => ["", "::before", "::after"].some(pseudo => {
		const style = getComputedStyle(node, pseudo);
		return style.animationName !== "none" || style.transitionDuration.split(", ").some(time => time !== "0s");
	})).length`
	if eval[int](t, p, moving) == 0 {
		t.Error("nothing moves at all; this test looks for the wrong things")
	}
	if err := p.Show(browser.Look{Still: true}); err != nil {
		t.Fatal(err)
	}
	do(t, p, `document.getElementById("link").dataset.link = "lost"`)
	if n := eval[int](t, p, moving); n != 0 {
		t.Errorf("%d elements move", n)
	}
}
