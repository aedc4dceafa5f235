package sidecarconf

import (
	"reflect"
	"slices"
)

// Change is one setting that differs between two configurations.
type Change struct {
	Key         string
	Before, Now string
	Live        bool // it can come into force while the program runs
}

// Changes are the settings of c that differ from those of before, in the order of the table.
func (c *Config) Changes(before *Config) (changes []Change) {
	for _, s := range settings {
		was, is := show(s.field(before)), show(s.field(c))
		if was != is {
			changes = append(changes, Change{Key: s.key, Before: was, Now: is, Live: s.live && !c.replugged(before, s.key)})
		}
	}
	return changes
}

// replugged reports whether a change of a key switches TLS towards agents on or off, or
// asks them for certificates from now on: the sidecar listens in one way or the other.
func (c *Config) replugged(before *Config, key string) bool {
	return slices.Contains([]string{"agents.cert_file", "agents.key_file", "agents.client_ca_file"}, key) &&
		((c.Agents.CertFile == "") != (before.Agents.CertFile == "") ||
			(c.Agents.ClientCAFile == "") != (before.Agents.ClientCAFile == ""))
}

// Keep takes over from before what has changed and cannot come into force while the program
// runs.
func (c *Config) Keep(before *Config, changes []Change) {
	for _, change := range changes {
		if !change.Live {
			field := settingOf(change.Key).field
			reflect.ValueOf(field(c)).Elem().Set(reflect.ValueOf(field(before)).Elem())
		}
	}
}
