//go:build browser

package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil/browser"
)

// What the page must not do is noticed when it does it: the page with each fault planted in it.
func TestFaultsThatArePlantedAreFound(t *testing.T) {
	b := start(t)
	const outside = "http://127.0.0.2:9/picture.png"
	for name, test := range map[string]struct {
		planted  string // at the end of the page
		noPolicy bool
		found    string
	}{
		"nothing":                       {planted: `<p>nothing</p>`},
		"a picture from elsewhere":      {planted: `<img alt="" src="` + outside + `">`, found: "violates the following Content Security Policy directive"},
		"the same without a policy":     {planted: `<img alt="" src="` + outside + `">`, noPolicy: true, found: "request elsewhere: " + outside},
		"a script in the page":          {planted: `<script>window.planted = true</script>`, found: "violates the following Content Security Policy directive"},
		"a style in the page":           {planted: `<p style="color: red">red</p>`, found: "violates the following Content Security Policy directive"},
		"an error on the console":       {planted: `<script>console.error("planted")</script>`, noPolicy: true, found: `console: error: "planted"`},
		"an exception":                  {planted: `<script>throw new Error("planted")</script>`, noPolicy: true, found: "exception: Uncaught Error: planted"},
		"an exception nobody waits for": {planted: `<script>Promise.reject(new Error("planted"))</script>`, noPolicy: true, found: "exception: Uncaught (in promise) Error: planted"},
		"a script that is not there":    {planted: `<script src="none.js"></script>`, found: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			h := status.New(some(), status.Config{})
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					w = &planting{ResponseWriter: w, planted: test.planted, noPolicy: test.noPolicy}
				}
				h.ServeHTTP(w, r)
			}))
			p, err := b.Open(url, browser.Look{})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			await(t, p, "the page shows a state", `!document.getElementById("main").hidden`)
			faults := strings.Join(p.Faults(), "\n")
			if test.found == "" && faults != "" || !strings.Contains(faults, test.found) {
				t.Errorf("found %q, want %q", faults, test.found)
			}
		})
	}
}

// planting writes the page with something planted at its end.
type planting struct {
	http.ResponseWriter
	planted  string
	noPolicy bool
}

func (p *planting) WriteHeader(status int) {
	p.Header().Del("Content-Length")
	if p.noPolicy {
		p.Header().Del("Content-Security-Policy")
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *planting) Write(body []byte) (int, error) {
	_, err := p.ResponseWriter.Write([]byte(strings.Replace(string(body), "</body>", p.planted+"</body>", 1)))
	return len(body), err
}

// Unwrap is for http.ResponseController.
func (p *planting) Unwrap() http.ResponseWriter { return p.ResponseWriter }
