package status

import (
	"embed"
	"fmt"
	"net/http"
	"path"
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

// assets are the files of the page, by their paths: that of index.html is the directory too.
var assets = readAssets()

// kinds are the types of the files, by what their names end in.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// readAssets reads files that are part of the program: it panics if that was built wrongly.
func readAssets() map[string]asset {
	entries, err := pageFiles.ReadDir("page")
	if err != nil {
		panic("status: " + err.Error())
	}
	all := map[string]asset{}
	for _, e := range entries {
		body, err := pageFiles.ReadFile("page/" + e.Name())
		kind := kinds[path.Ext(e.Name())]
		if err != nil || kind == "" {
			panic(fmt.Sprintf("status: the file %s of the page has no known type, or cannot be read: %v", e.Name(), err))
		}
		all[e.Name()] = asset{kind: kind, body: body}
	}
	all[""] = all["index.html"]
	return all
}

// servePage answers with a file of the page.
func servePage(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := assets[name]
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is no %s here: see /, /snapshot.json, /state.json, /events, /healthz, /metrics and /debug/bundle.zip", printable.Quote(name, printable.MaxName)))
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
