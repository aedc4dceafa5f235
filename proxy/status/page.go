package status

import (
	"embed"
	"fmt"
	"net/http"
	"strconv"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

//go:embed page
var pageFiles embed.FS

// asset is a file of the page.
type asset struct {
	kind string
	body []byte
}

// assets are the files of the page, by their paths.
var assets = map[string]asset{
	"":           mustAsset("index.html", "text/html; charset=utf-8"),
	"index.html": mustAsset("index.html", "text/html; charset=utf-8"),
	"style.css":  mustAsset("style.css", "text/css; charset=utf-8"),
	"app.js":     mustAsset("app.js", "text/javascript; charset=utf-8"),
}

// mustAsset reads a file that is part of the program.
func mustAsset(name, kind string) asset {
	body, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic("status: " + err.Error()) // the program was built without it
	}
	return asset{kind: kind, body: body}
}

// servePage answers with a file of the page.
func servePage(w http.ResponseWriter, r *http.Request, path string) {
	a, ok := assets[path]
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is no %s here: see /, /snapshot.json, /state.json, /events, /healthz, /metrics and /debug/bundle.zip", printable.Quote(path, printable.MaxName)))
		return
	}
	answer(w, r, http.StatusOK, a.kind, a.body)
}

// answer writes an answer that is there.
func answer(w http.ResponseWriter, r *http.Request, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = newPatient(w).Write(body) // who has left gets nothing
	}
}
