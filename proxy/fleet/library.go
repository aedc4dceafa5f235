package fleet

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

//go:embed library/*.fleet
var library embed.FS

const extension = ".fleet"

// Names is the names of the scenarios that the package has, sorted.
func Names() []string {
	files, err := library.ReadDir("library")
	if err != nil {
		panic(err) // it is part of the program
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), extension))
	}
	slices.Sort(names)
	return names
}

// Named is a scenario that the package has. The error of a name that it does not have says
// which are alike.
func Named(name string) (*Scenario, error) {
	text, err := Text(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}

// Text is the text of a scenario that the package has.
func Text(name string) ([]byte, error) {
	if slices.Contains(Names(), name) {
		return library.ReadFile("library/" + name + extension)
	}
	advice := cmp.Or(script.Closest(name, Names()), strings.Join(Names(), ", "))
	return nil, fmt.Errorf("fleet: no scenario is named %s: write %s", printable.Quote(name, printable.MaxName), advice)
}
