package status

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
)

// mostGoroutines is how many goroutines are looked at; each takes a quarter of a KiB meanwhile.
const mostGoroutines = 50_000

// goroutines writes where the goroutines of the process stand, those at the same place together.
// It is made of program counters: no argument, no label of a profile, and no name of a directory
// is in it. The process stops for a moment, as for any profile of goroutines.
func goroutines(w io.Writer) error {
	n := runtime.NumGoroutine()
	var records []runtime.StackRecord
	for ok := false; !ok; { // there may be more by now
		if n > mostGoroutines {
			_, err := fmt.Fprintf(w, "there are %d goroutines, and at most %d are looked at\n", n, mostGoroutines)
			return err
		}
		records = make([]runtime.StackRecord, n+n/4+64)
		n, ok = runtime.GoroutineProfile(records)
	}
	places := map[runtime.StackRecord]int{}
	for _, r := range records[:n] {
		places[r]++
	}
	list := make([]runtime.StackRecord, 0, len(places))
	for r := range places {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b runtime.StackRecord) int {
		return cmp.Or(cmp.Compare(places[b], places[a]), slices.Compare(a.Stack0[:], b.Stack0[:]))
	})
	if _, err := fmt.Fprintf(w, "%d goroutines\n", n); err != nil {
		return err
	}
	for i := range list {
		if _, err := fmt.Fprintf(w, "\n%d at\n", places[list[i]]); err != nil {
			return err
		}
		if err := stack(w, list[i].Stack()); err != nil {
			return err
		}
	}
	return nil
}

// stack writes a line for each call.
func stack(w io.Writer, pcs []uintptr) error {
	for frames := runtime.CallersFrames(pcs); len(pcs) > 0; {
		f, more := frames.Next()
		if _, err := fmt.Fprintf(w, "  %s %s:%d\n", f.Function, path.Base(f.File), f.Line); err != nil || !more {
			return err
		}
	}
	return nil
}

// build is what the program was built from.
type build struct {
	Go       string            `json:"go"`
	Main     string            `json:"main"`
	Version  string            `json:"version"`
	Settings map[string]string `json:"settings"`
	Modules  map[string]string `json:"modules"`
}

// settings are those of a build that are shown: flags of the linker may set variables to anything.
var settings = []string{"GOOS", "GOARCH", "CGO_ENABLED", "vcs", "vcs.revision", "vcs.time", "vcs.modified", "-race", "-trimpath", "-buildmode"}

func readBuild() build {
	b := build{Go: runtime.Version(), Settings: map[string]string{}, Modules: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Main, b.Version = info.Main.Path, info.Main.Version
	for _, s := range info.Settings {
		if slices.Contains(settings, s.Key) {
			b.Settings[s.Key] = s.Value
		}
	}
	for _, m := range info.Deps {
		b.Modules[m.Path] = m.Version
	}
	return b
}
