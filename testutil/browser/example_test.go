//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/open-nomad/rpcproxy/testutil/browser"
)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><link rel="icon" href="data:,"><p id="sum"></p>
			<script>document.getElementById("sum").textContent = 40 + 2; console.error("and a fault")</script>`)
	}))
	defer server.Close()
	b, err := browser.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Stop()
	page, err := b.Open(server.URL, browser.Look{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer page.Close()
	text, err := browser.Eval[string](page, `document.getElementById("sum").textContent`)
	fmt.Println(text, err, page.Faults())
	// Output: 42 <nil> [console: error: "and a fault" ]
}
