package lastgood

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// Bounds of what is read.
const (
	maxBytes   = 1 << 20
	maxServers = 1024
)

// DamagedError reports that a file holds no list that Save has written.
type DamagedError struct {
	Path   string
	Reason string
	Err    error // nil, or the cause
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("file of the last good servers %s is damaged: %s; it is ignored, and overwritten by the next list that works",
		printable.Quote(e.Path, printable.MaxText), printable.Text(e.Reason))
}

func (e *DamagedError) Unwrap() error { return e.Err }

// list is the file's content, as JSON.
type list struct {
	Version  int      `json:"version"`
	Checksum string   `json:"checksum"` // of the servers
	Servers  []string `json:"servers"`  // host:port
}

const version = 1

// checksum guards against damage, not against malice.
func checksum(servers []string) string {
	sum := sha256.Sum256([]byte(strings.Join(servers, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Load reads the list at path, within ctx and 5 s. A file that somebody else may have
// written is not read. The error is a *DamagedError, or a *safefile.Error: fs.ErrNotExist is
// in it if there is no file.
func Load(ctx context.Context, path string) ([]string, error) {
	damaged := func(why string, err error) ([]string, error) {
		return nil, &DamagedError{Path: path, Reason: why, Err: err}
	}
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: maxBytes, Own: true})
	switch {
	case errors.Is(err, safefile.ErrTooLarge):
		return damaged(fmt.Sprintf("it is larger than %d bytes", maxBytes), err)
	case err != nil:
		return nil, err
	}
	var l list
	if err := json.Unmarshal(f.Data, &l); err != nil {
		return damaged("it is not JSON: "+err.Error(), err)
	}
	switch {
	case l.Version != version:
		return damaged(fmt.Sprintf("its version is %d, not %d", l.Version, version), nil)
	case l.Checksum != checksum(l.Servers):
		return damaged("its checksum does not fit", nil)
	case len(l.Servers) > maxServers:
		return damaged(fmt.Sprintf("it names %d servers, more than %d", len(l.Servers), maxServers), nil)
	}
	return l.Servers, nil
}

// Save puts the list in place of what is at path, for the owner's eyes only, as
// safefile.Replace does; the error is a *safefile.Error. It blocks as long as the file
// system does. Of more than 1,024 servers it keeps the first.
func Save(path string, servers []string) error {
	servers = servers[:min(len(servers), maxServers)]
	text, err := json.MarshalIndent(list{Version: version, Checksum: checksum(servers), Servers: servers}, "", "\t")
	if err != nil {
		return err
	}
	return safefile.Replace(path, append(text, '\n'), maxBytes, isList)
}

// isList reports whether a file was written by Save, damaged or not.
func isList(text []byte) bool {
	var l list
	return json.Unmarshal(text, &l) == nil && l.Version > 0 && l.Checksum != ""
}
