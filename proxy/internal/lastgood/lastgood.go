package lastgood

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
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

// Load reads the list at path. The error is a *DamagedError, or the file system's
// own: fs.ErrNotExist if there is no file.
func Load(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	damaged := func(why string, err error) ([]string, error) {
		return nil, &DamagedError{Path: path, Reason: why, Err: err}
	}
	if len(text) > maxBytes {
		return damaged(fmt.Sprintf("it is larger than %d bytes", maxBytes), nil)
	}
	var l list
	if err := json.Unmarshal(text, &l); err != nil {
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

// Save puts the list in place of what is at path, for the owner's eyes only. When
// it returns nil the list outlasts a crash of the machine. The errors are the file
// system's own. Of more than 1,024 servers it keeps the first.
func Save(path string, servers []string) (err error) {
	servers = servers[:min(len(servers), maxServers)]
	text, err := json.MarshalIndent(list{Version: version, Checksum: checksum(servers), Servers: servers}, "", "\t")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync())
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return settle(dir)
}
