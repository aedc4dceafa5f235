package testutil

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// shorthand reports whether an ID is a letter and up to three digits, such as "n1". No
// agent has such a one by mistake, and tests name their nodes by hand.
func shorthand(id string) bool {
	if len(id) < 2 || len(id) > 4 || id[0] < 'a' || id[0] > 'z' {
		return false
	}
	_, err := strconv.ParseUint(id[1:], 10, 16)
	return err == nil
}

// checkID refuses what is no UUID, as the index of a real server's state does, but for
// the shorthand of tests.
func checkID(id string) error {
	if shorthand(id) {
		return nil
	}
	if len(id) != 36 {
		return errors.New(ErrTextNoUUID)
	}
	const prefix = "node lookup failed: index error: "
	if n := strings.Count(id, "-"); n > 4 {
		return fmt.Errorf(`%sUUID should have maximum of 4 "-"; got %d`, prefix, n)
	}
	digits := strings.ReplaceAll(id, "-", "")
	if len(digits)%2 != 0 {
		return errors.New(prefix + "Input (without hyphens) must be even length")
	}
	if _, err := hex.DecodeString(digits); err != nil {
		return fmt.Errorf("%sInvalid UUID: %w", prefix, err)
	}
	return nil
}

// version is the version that a node reports.
type version struct {
	major, minor int
	patch        int
	pre          string // of a pre-release
}

// versionOf reads the version of a node. It is not ok when there is none, or
// none that can be read.
func versionOf(attributes map[string]string) (v version, ok bool) {
	text, _, _ := strings.Cut(strings.TrimPrefix(attributes["nomad.version"], "v"), "+")
	text, v.pre, _ = strings.Cut(text, "-")
	numbers := strings.Split(text, ".")
	for i, into := range []*int{&v.major, &v.minor, &v.patch} {
		if i >= len(numbers) {
			break
		}
		n, err := strconv.ParseUint(numbers[i], 10, 31)
		if err != nil {
			return v, false
		}
		*into = int(n)
	}
	return v, true
}

// meets reports whether a node is new enough. A pre-release counts as the release.
func meets(attributes map[string]string, major, minor int) bool {
	v, ok := versionOf(attributes)
	return ok && (v.major > major || v.major == major && v.minor >= minor)
}

// callable reports why a server would not call a node with these attributes: it wants
// 0.8.0-rc1 or later. Empty: it would.
func callable(attributes map[string]string) string {
	v, ok := versionOf(attributes)
	switch {
	case !ok:
		return ErrTextNoVersion
	case !meets(attributes, 0, 8), v == version{0, 8, 0, v.pre} && v.pre != "" && v.pre < "rc":
		return ErrTextOldVersion
	}
	return ""
}
