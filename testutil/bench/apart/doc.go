// Package apart measures clients of Nomad servers in processes of their own, each of which links
// nothing but itself, against servers in other processes: [Open] builds them and starts the
// servers, [Bench.Measure] measures a [Row] of the report.
//
// The servers have one CPU and the clients another, where the kernel allows it: so neither takes
// the other's time, and a ratio does not depend on how many CPUs a machine has. The clients of a
// row live at the same time and take turns in rounds, each of which begins with another one; ratios
// are those within a round.
package apart
