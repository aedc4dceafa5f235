package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete lets shells complete what stands behind flags and commands: files where there are
// some, methods, and nothing where a file would be wrong.
func complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		complete(cmd)
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) { completeFlag(cmd, f) })
	}
}

// completeFlag is complete for one flag. Errors are about flags that are not there, or have
// a completion already.
func completeFlag(cmd *cobra.Command, f *pflag.Flag) {
	switch {
	case f.Name == "method":
		_ = cmd.RegisterFlagCompletionFunc(f.Name, completeMethod)
	case isFile(f.Name):
		_ = cmd.MarkFlagFilename(f.Name)
	case f.Value.Type() != "bool":
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
	}
}

// isFile reports whether the value of a flag of that name is a file. That of --args may be
// one behind an @, which no shell completes.
func isFile(flag string) bool {
	for _, end := range []string{"ca", "cert", "key", "file", "config"} {
		if flag == end || strings.HasSuffix(flag, "-"+end) {
			return true
		}
	}
	return false
}

// completeMethod completes the name of a method that reads.
func completeMethod(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var fit []string
	for line := range strings.Lines(reading) {
		service, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for name := range strings.FieldsSeq(names) {
			if method := service + "." + name; strings.HasPrefix(method, begun) {
				fit = append(fit, method)
			}
		}
	}
	return fit, cobra.ShellCompDirectiveNoFileComp
}

// reading has methods of servers that read, of Nomad 2.0.6, from its endpoints under nomad/.
const reading = `ACL: GetPolicy GetToken ListPolicies ListRoles ListTokens ResolveToken WhoAmI
	Alloc: GetAlloc GetAllocs List
	CSIPlugin: Get List
	CSIVolume: Get List
	Deployment: Allocations GetDeployment List
	Eval: Allocations Count GetEval List
	HostVolume: Get List
	Job: Allocations Deployments Evaluations GetJob GetJobVersions LatestDeployment List ScaleStatus Summary
	Keyring: GetConfig List ListPublic
	Namespace: GetNamespace ListNamespaces
	Node: GetAllocs GetClientAllocs GetNode List
	NodePool: GetNodePool List ListJobs ListNodes
	Operator: AutopilotGetConfiguration RaftGetConfiguration SchedulerGetConfiguration ServerHealth
	Region: List
	Scaling: GetPolicy ListPolicies
	Search: FuzzySearch PrefixSearch
	ServiceRegistration: GetService List
	Status: HasNodeConn Leader Members Peers Ping RaftStats
	Variables: List Read`
