package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The variables of the environment that Nomad's own program has for the same things. A flag
// counts before its variable; an empty variable is none.
const (
	addrVariable       = "NOMAD_ADDR"
	regionVariable     = "NOMAD_REGION"
	caVariable         = "NOMAD_CACERT"
	certVariable       = "NOMAD_CLIENT_CERT"
	keyVariable        = "NOMAD_CLIENT_KEY"
	serverNameVariable = "NOMAD_TLS_SERVER_NAME"
)

// aboutVariables is what the help of each command that connects says.
const aboutVariables = `A flag counts before its variable, which the list of flags has in brackets.
Without --servers they are those that the agent at NOMAD_ADDR knows; --ca= with
nothing behind it is plain TCP whatever the variables say.`

// variableOf is the annotation of a flag that has a variable.
const variableOf = "variable"

// withVariable gives a flag of cmd a variable, and says so in its usage.
func withVariable(cmd *cobra.Command, flag, variable string) {
	f := cmd.Flags().Lookup(flag)
	f.Usage += " [" + variable + "]"
	if err := cmd.Flags().SetAnnotation(flag, variableOf, []string{variable}); err != nil {
		panic(err) // the flag was added by the caller
	}
}

// readVariables sets the flags of cmd that were not given and have a variable. They do not
// count as given. An empty --ca asks for plain TCP: then no variable about TLS counts.
func readVariables(cmd *cobra.Command) error {
	var failed error
	ca := cmd.Flags().Lookup("ca")
	plain := ca != nil && ca.Changed && ca.Value.String() == ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names := f.Annotations[variableOf]
		if failed != nil || f.Changed || len(names) == 0 || plain && f.Name != "region" {
			return
		}
		if value := strings.TrimSpace(os.Getenv(names[0])); value != "" {
			failed = f.Value.Set(value)
		}
	})
	return failed
}
