package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// source is a commit, checked out into a directory of its own.
type source struct {
	dir     string
	commit  string
	time    time.Time // the commit's, UTC; the only time in a release
	version string    // without a v
	tagged  bool
}

var tag = regexp.MustCompile(`^v((\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.]+)?)$`)

// takeSource clones the repository's HEAD into dir. Unless it is for a snapshot, everything must be
// committed, the commit must have a tag with a version, and CHANGELOG.md a heading with it.
func takeSource(repository, dir string, snapshot bool) (*source, error) {
	changes, err := run(repository, "git", "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if changes != "" && !snapshot {
		return nil, fmt.Errorf("there are changes that are not committed, a release has none: commit or stash\n%s", changes)
	}
	commit, err := run(repository, "git", "rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	if _, err := run(".", "git", "clone", "--quiet", "--no-checkout", "file://"+absolute(repository), dir); err != nil {
		return nil, err
	}
	if _, err := run(dir, "git", "-c", "advice.detachedHead=false", "checkout", "--quiet", commit); err != nil {
		return nil, err
	}
	seconds, err := run(dir, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, err
	}
	s := &source{dir: dir, commit: commit, time: time.Unix(n, 0).UTC()}
	if err := s.findVersion(snapshot); err != nil {
		return nil, err
	}
	fmt.Printf("version %s, commit %s of %s\n", s.version, s.commit[:12], s.time.Format(time.DateTime))
	return s, nil
}

// findVersion reads the version from the tag. A snapshot is a version before the one that follows the last tag.
func (s *source) findVersion(snapshot bool) error {
	tags, err := run(s.dir, "git", "tag", "--points-at", "HEAD")
	if err != nil {
		return err
	}
	for each := range strings.FieldsSeq(tags) {
		if m := tag.FindStringSubmatch(each); m != nil {
			s.version, s.tagged = m[1], true
		}
	}
	switch {
	case s.tagged && !snapshot:
		return s.checkChangelog()
	case s.tagged:
		return nil
	case !snapshot:
		return fmt.Errorf("commit %s has no tag such as v0.1.0, which a release has: git tag -a v0.1.0 (or -snapshot, to try)", s.commit[:12])
	}
	next := "0.0.0"
	if last, err := run(s.dir, "git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"); err == nil {
		if m := tag.FindStringSubmatch(last); m != nil {
			patch, _ := strconv.Atoi(m[4])
			next = fmt.Sprintf("%s.%s.%d", m[2], m[3], patch+1)
		}
	}
	s.version = next + "-snapshot." + s.time.Format("20060102150405") + "." + s.commit[:12]
	return nil
}

// checkChangelog reports a version that the changelog has no heading for.
func (s *source) checkChangelog() error {
	text, err := os.ReadFile(filepath.Join(s.dir, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^## \[?v?` + regexp.QuoteMeta(s.version) + `\b`).Match(text) {
		return fmt.Errorf("CHANGELOG.md has no heading for %s: put one over what is new in it, and set the tag anew", s.version)
	}
	return nil
}

// absolute is the path for an address.
func absolute(path string) string {
	if all, err := filepath.Abs(path); err == nil {
		return all
	}
	return path
}

// run runs a command in a directory and returns what it prints, without white space around it.
func run(dir, name string, args ...string) (string, error) {
	return runWith(nil, dir, name, args...)
}

func runWith(env []string, dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		said := string(out)
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns it as it is
			said += string(exit.Stderr)
		}
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(said))
	}
	return strings.TrimSpace(string(out)), nil
}
