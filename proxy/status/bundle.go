package status

import (
	"archive/zip"
	"net/http"
	"time"
)

// serveBundle writes the archive.
func (h *Handler) serveBundle(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="rpcproxy-`+now.UTC().Format("20060102T150405Z")+`.zip"`)
	if r.Method == http.MethodHead {
		return
	}
	z := zip.NewWriter(newPatient(w))
	for _, f := range []struct {
		name string
		body []byte
	}{
		{"snapshot.json", encode(withoutTokens(h.source.Snapshot()))},
		{"decisions.json", encode(explanationWithoutTokens(h.source.Explain()))},
		{"decisions.txt", []byte(explanationWithoutTokens(h.source.Explain()).String())},
	} {
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: now})
		if err != nil {
			return
		}
		if _, err := out.Write(f.body); err != nil {
			return
		}
	}
	_ = z.Close() // who has left gets nothing
}
