package status

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool"
)

// maxMember bounds each file of the archive, in bytes before it is packed. The record of
// decisions has 1 MiB of text; as JSON it has no more than this.
const maxMember = 8 << 20

// member is a file of the archive.
type member struct {
	name  string
	write func(io.Writer) error
}

// serveBundle writes the archive, one file after the other.
func (h *Handler) serveBundle(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	stamp := now.UTC().Format("20060102T150405Z") //nolint:forbidigo // it is shown
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="rpcproxy-`+stamp+`.zip"`)
	if r.Method == http.MethodHead {
		return
	}
	out := newPatient(w)
	z := zip.NewWriter(out)
	for _, m := range h.members() {
		if err := add(z, m, now); err != nil {
			return // the client has left
		}
	}
	_ = z.Close() // the client may have left
}

// add adds a file to an archive.
func add(z *zip.Writer, m member, now time.Time) error {
	to, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: now})
	if err != nil {
		return err
	}
	room := &bounded{to: to, left: maxMember}
	b := bufio.NewWriter(room)
	var made error
	if p := contain.Call(func() { made = m.write(b) }); p != nil { // Config.Configuration may be a function
		made = p
	}
	if made != nil && room.err == nil {
		_, _ = fmt.Fprintf(b, "\nthis could not be made: %s\n", printable.WithoutTokens(contain.Text(made)))
	}
	_ = b.Flush() // room has the error
	if room.cut && room.err == nil {
		_, room.err = fmt.Fprintf(to, "\n... more than %d bytes: the rest is left out ...\n", maxMember)
	}
	return room.err
}

// members are the files of the archive.
func (h *Handler) members() []member {
	list := []member{
		{"about.txt", about},
		{"snapshot.json", func(w io.Writer) error { return indented(w, withoutTokens(h.source.Snapshot())) }},
		{"decisions.json", func(w io.Writer) error { return indented(w, withoutTokens(h.source.Explain())) }},
		{"decisions.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, withoutTokens(h.source.Explain()).String())
			return err
		}},
		{"health.json", func(w io.Writer) error { return indented(w, h.health()) }},
		{"goroutines.txt", goroutines},
		{"build.json", func(w io.Writer) error { return indented(w, readBuild()) }},
	}
	if s, ok := h.source.(interface{ Stats() pool.Stats }); ok {
		list = append(list, member{"stats.json", func(w io.Writer) error { return indented(w, s.Stats()) }})
	}
	if h.cfg.Configuration != nil {
		list = append(list, member{"configuration.json", func(w io.Writer) error { return indented(w, shownValue(h.configuration())) }})
	}
	return list
}

// configuration is the value to show.
func (h *Handler) configuration() any {
	if read, ok := h.cfg.Configuration.(func() any); ok {
		return read()
	}
	return h.cfg.Configuration
}

func about(w io.Writer) error {
	_, err := io.WriteString(w, `What an rpcproxy saw, decided and counted, for whoever looks into a report.

snapshot.json       servers, sessions, moves, counters
decisions.txt       the last decisions, and what led to each
decisions.json      the same for programs
health.json         what /healthz answers
goroutines.txt      where the goroutines of the process stand, without values
build.json          what the program was built from, without flags of the linker and compiler
stats.json          counters of the pool of connections
configuration.json  what the program has given; what is named like a secret, and bytes, are left out

Names and addresses of servers are in it, and texts of errors. What has the form of a token or of a
private key was left out, and so were users and passwords in URLs.
`)
	return err
}

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// bounded passes on so many bytes, and drops the rest.
type bounded struct {
	to   io.Writer
	left int
	cut  bool
	err  error // of to
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	part := p[:min(len(p), b.left)]
	b.cut = b.cut || len(part) < len(p)
	b.left -= len(part)
	if _, b.err = b.to.Write(part); b.err != nil {
		return 0, b.err
	}
	return len(p), nil
}
