package safefile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/safefile"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(saverVariable); path != "" {
		saveForEver(path)
	}
	testutil.Main(m)
}

// saverVariable makes this program save into the file that it names, until it is killed.
const saverVariable = "RPCPROXY_TEST_SAVES_INTO"

func saveForEver(path string) {
	for n := byte('0'); ; n = '0' + (n+1-'0')%10 {
		if err := safefile.Replace(path, bytes.Repeat([]byte{n}, 64<<10), limit, whatever); err != nil {
			_, _ = fmt.Fprintln(os.Stdout, err)
			os.Exit(1)
		}
		_, _ = fmt.Fprintln(os.Stdout, "saved")
	}
}

const limit = 1 << 20

func whatever([]byte) bool { return true }

func none([]byte) bool { return false }

var rules = safefile.Rules{Limit: limit}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func link(t *testing.T, to, path string) string {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skip(err)
	}
	return path
}

// refused checks the error of a path for its type and words.
func refused(t *testing.T, err error, path, words string) {
	t.Helper()
	e, ok := errors.AsType[*safefile.Error](err)
	if !ok || e.Path != path || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %q and %q", err, path, words)
	}
}

// holds checks a file, and that nothing else is beside it but the names given.
func holds(t *testing.T, path, text string, beside ...string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("%s holds %.60q, %v; want %.60q", path, got, err, text)
	}
	alone(t, filepath.Dir(path), append(beside, filepath.Base(path))...)
}

func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("in %s are %v, %v; want %q", dir, entries, err, names)
	}
}

func TestARegularFileIsReadAlsoBehindLinks(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "file"), "content")
	one := link(t, "file", filepath.Join(dir, "one"))
	two := link(t, one, filepath.Join(dir, "two"))
	for _, p := range []string{path, one, two} {
		f, err := safefile.Read(t.Context(), p, rules)
		if err != nil || string(f.Data) != "content" {
			t.Errorf("%s: %+v, %v", p, f, err)
		}
	}
	f, err := safefile.Read(t.Context(), put(t, filepath.Join(dir, "empty"), ""), rules)
	if err != nil || f.Data == nil || len(f.Data) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAFileIsReadUpToItsLimit(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "file"), strings.Repeat("x", 100))
	if f, err := safefile.Read(t.Context(), path, safefile.Rules{Limit: 100}); err != nil || len(f.Data) != 100 {
		t.Errorf("%v", err)
	}
	_, err := safefile.Read(t.Context(), path, safefile.Rules{Limit: 99})
	refused(t, err, path, "it has 100 bytes, and 99 are the most: is it the right file?")
	if !errors.Is(err, safefile.ErrTooLarge) {
		t.Error(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil { // which takes no room
		t.Skip(err)
	}
	_, err = safefile.Read(t.Context(), path, rules)
	refused(t, err, path, "1099511627776 bytes")
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	loop := link(t, "loop", filepath.Join(dir, "loop"))
	dangling := link(t, filepath.Join(dir, "absent"), filepath.Join(dir, "dangling"))
	toDir := link(t, dir, filepath.Join(dir, "to"))
	for path, words := range map[string]string{
		dir:                                "it is a directory: give a regular file, or a link to one",
		toDir:                              "it is a directory",
		loop:                               "",
		dangling:                           "",
		"":                                 `"" cannot be read`,
		"nul\x00":                          `"nul\x00" cannot be read`,
		filepath.Join(dir, "none", "file"): "",
		put(t, filepath.Join(dir, "file"), "") + string(filepath.Separator) + "below": "",
		strings.Repeat("x", 5000): strings.Repeat("x", 512) + `"... (5000 bytes) cannot be read`,
	} {
		_, err := safefile.Read(t.Context(), path, rules)
		refused(t, err, path, words)
	}
	_, err := safefile.Read(t.Context(), dangling, rules)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAnErrorShowsAPathOnOneLine(t *testing.T) {
	path := t.TempDir() + string(filepath.Separator) + "a\n\x1b[2Jb\u202e\u009b\"c"
	_, err := safefile.Read(t.Context(), path, rules)
	refused(t, err, path, `a\n\x1b[2Jb\u202e\u009b\"c" cannot be read: `)
	err = safefile.Replace(filepath.Join(path, "file"), nil, limit, whatever)
	refused(t, err, filepath.Join(path, "file"), `\x1b[2Jb`)
	for _, text := range []string{err.Error(), safefile.Why(err), safefile.Why(errors.New("x\ny"))} {
		if strings.ContainsAny(text, "\n\x1b") {
			t.Errorf("%q", text)
		}
	}
}

func TestAContextThatHasEndedReadsNothing(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	mine := errors.New("mine")
	stop(mine)
	path := put(t, filepath.Join(t.TempDir(), "file"), "x")
	if _, err := safefile.Read(ctx, path, rules); !errors.Is(err, mine) {
		t.Error(err)
	}
}

func TestAFileIsReplacedAndOnlyItsOwnerMayReadIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"one", "", strings.Repeat("two", 1000)} {
		if err := safefile.Replace(path, []byte(text), limit, none); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text)
		f, err := safefile.Read(t.Context(), path, safefile.Rules{Limit: limit, Own: true})
		if err != nil || f.Public() || f.Writable() {
			t.Errorf("%+v, %v", f, err)
		}
	}
	t.Chdir(filepath.Dir(path))
	if err := safefile.Replace("file", []byte("here"), limit, none); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "here")
	long := filepath.Join(filepath.Dir(path), strings.Repeat("l", 255))
	if err := safefile.Replace(long, []byte("long"), limit, none); err != nil {
		t.Fatal(err)
	}
}

func TestThroughALinkOnlyAKnownFileIsReplaced(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	known := func(old []byte) bool { return string(old) == "mine" }
	for name, text := range map[string]string{"mine": "mine", "empty": "", "absent": ""} {
		path, target := filepath.Join(dir, name), filepath.Join(in, name)
		if name != "absent" {
			put(t, target, text)
		}
		between := link(t, filepath.Join("in", name), filepath.Join(dir, name+"-between"))
		link(t, between, path)
		if err := safefile.Replace(path, []byte("new"), limit, known); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(target); err != nil || string(got) != "new" {
			t.Errorf("%s holds %q, %v", target, got, err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link has become %v, %v", info.Mode(), err)
		}
	}
	alone(t, in, "mine", "empty", "absent")
	other := put(t, filepath.Join(in, "other"), "precious")
	path := link(t, other, filepath.Join(dir, "other"))
	refused(t, safefile.Replace(path, []byte("new"), limit, known), path, "it is a link to a file with other content")
	if got, err := os.ReadFile(other); err != nil || string(got) != "precious" {
		t.Errorf("%q, %v", got, err)
	}
	big := filepath.Join(in, "big")
	put(t, big, strings.Repeat("m", limit+1))
	path = link(t, big, filepath.Join(dir, "big"))
	refused(t, safefile.Replace(path, []byte("new"), limit, whatever), path, "other content")
}

func TestWhatIsNoFileIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	link(t, "loop", filepath.Join(dir, "loop"))
	link(t, filepath.Join(dir, "none", "file"), filepath.Join(dir, "dangling"))
	link(t, full, filepath.Join(dir, "to"))
	for name, words := range map[string]string{
		"full":              "it is a directory",
		"to":                "it is a directory",
		"loop":              "it is a link that leads to no end",
		"dangling":          "no such file",
		"absent/file":       "no such file",
		"nul\x00":           "invalid argument",
		"full/inside/":      "",
		"full/inside/x/y/z": "no such file",
	} {
		path := dir + string(filepath.Separator) + name
		err := safefile.Replace(path, []byte("new"), limit, whatever)
		if filepath.Separator != '/' {
			words = ""
		}
		refused(t, err, path, words)
	}
	alone(t, dir, "full", "loop", "dangling", "to")
	alone(t, full, "inside")
	alone(t, filepath.Join(full, "inside"))
}

func TestTwoWritersLeaveOneWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	done := make(chan error, 2)
	for _, text := range []string{"a", "b"} {
		go func() {
			for range 50 {
				if err := safefile.Replace(path, bytes.Repeat([]byte(text), 5000), limit, none); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for left := 2; left > 0; {
		select {
		case err := <-done:
			if left--; err != nil {
				t.Error(err)
			}
		default:
			if got, err := os.ReadFile(path); err == nil && (len(got) != 5000 || bytes.Count(got, got[:1]) != 5000) {
				t.Fatalf("%d bytes: %.60q", len(got), got)
			}
		}
	}
	alone(t, filepath.Dir(path), "file")
}

func TestFilesLeftBehindAreSweptAndNoOthers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, left := range []string{".file.123", ".file.4294967295"} {
		put(t, filepath.Join(dir, left), "half")
	}
	kept := []string{".file.12x", ".file.", ".file", "file.123", ".other.123", ".file.123.1"}
	for _, name := range kept {
		put(t, filepath.Join(dir, name), "kept")
	}
	if err := os.Mkdir(filepath.Join(dir, ".file.7"), 0o700); err != nil {
		t.Fatal(err)
	}
	link(t, path, filepath.Join(dir, ".file.8"))
	if err := safefile.Replace(path, []byte("new"), limit, none); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new", append(kept, ".file.7", ".file.8")...)
}

func Example() {
	dir, err := os.MkdirTemp("", "safefile")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "list")
	mine := func(old []byte) bool { return strings.HasPrefix(string(old), "list:") }
	fmt.Println(safefile.Replace(path, []byte("list: a b c"), 1<<20, mine))

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: 1 << 20, Own: true})
	fmt.Println(string(f.Data), err)
	_, err = safefile.Read(ctx, dir, safefile.Rules{Limit: 1 << 20})
	fmt.Println(safefile.Why(err))
	// Output:
	// <nil>
	// list: a b c <nil>
	// it is a directory: give a regular file, or a link to one
}
