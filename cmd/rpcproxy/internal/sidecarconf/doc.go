// Package sidecarconf is the configuration of the sidecar: flags, variables of the
// environment and one file, in the language of Nomad's own configuration (HCL).
//
// Each setting is one row of a table (settings.go), which has its key in the file, its flag,
// its variable, and the field of [Config] that it sets. A flag counts before a variable, a
// variable before the file, and the file before the default. [Loader.Load] can be called
// again while the program runs: flags and variables stay, and the file is read anew.
//
// Every error says where what is wrong was given, as a flag, a variable, or file, line and
// key, and what to give instead. All that is wrong is reported at once.
//
//   - file.go reads the file; given.go has what was given before it is understood.
//   - check.go looks at settings that depend on each other.
//   - servers.go and agents.go make what the program starts with.
//   - status.go is about where the sidecar is shown over HTTP.
//   - changes.go compares two configurations.
package sidecarconf
