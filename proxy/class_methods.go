package proxy

import "strings"

// classes has the methods whose class is known whatever their arguments are. The source
// is Nomad 2.0.6: the endpoints under nomad/, and the calls of a client agent under
// client/; older versions where a comment names them. The class of any other method follows
// from its arguments.
var classes = tabulate(
	methods{Read, `
		ACL: GetAuthMethod GetAuthMethods GetBindingRule GetBindingRules GetClaimPolicies GetPolicies GetPolicy
		ACL: GetRoleByID GetRoleByName GetRolesByID GetToken GetTokens ResolveToken WhoAmI
		ACL: ListAuthMethods ListBindingRules ListPolicies ListRoles ListTokens
		Agent: Host Profile
		Alloc: GetAlloc GetAllocs GetServiceRegistrations List
		CSIPlugin: Get List
		CSIVolume: Get List ListExternal ListSnapshots
		ClientAllocations: Checks GetPauseState Stats
		ClientStats: Stats
		Deployment: Allocations GetDeployment List
		Eval: Allocations Count GetEval List
		FileSystem: List Stat
		HostVolume: Get List
		Job: Allocations Deployments Evaluations GetActions GetJob GetJobSubmission GetJobVersions
		Job: GetServiceRegistrations LatestDeployment List ScaleStatus Statuses Summary
		Keyring: Get GetConfig List ListPublic
		Namespace: GetNamespace GetNamespaces ListNamespaces
		Node: GetAllocs GetClientAllocs GetNode List
		NodeIdentity: Get
		NodeMeta: Read
		NodePool: GetNodePool List ListJobs ListNodes
		Operator: AutopilotGetConfiguration RaftGetConfiguration SchedulerGetConfiguration ServerHealth
		Operator: UpgradeCheckVaultWorkloadIdentity
		Region: List
		Scaling: GetPolicy ListPolicies
		Search: FuzzySearch PrefixSearch
		ServiceRegistration: GetService List
		Status: HasNodeConn Leader Members Peers Ping RaftStats
		TaskGroupHostVolumeClaim: List
		Variables: List Read`},

	// It signs again, and stores nothing.
	methods{Read, "Alloc: SignIdentities"},
	// They have the options of writes, compute an answer and store nothing.
	methods{Read, "Job: Plan Validate"},

	// They set a state: the second call finds it set.
	methods{Idempotent, "Node: Register UpdateStatus UpdateAlloc"},
	// The registrations have IDs that the agent has chosen.
	methods{Idempotent, "ServiceRegistration: Upsert"},
	// The second call finds nothing to delete and fails with that; agents take it for done.
	methods{Idempotent, "ServiceRegistration: DeleteByID"},
	// It begins the lock's time anew, for its holder only.
	methods{Idempotent, "Variables: RenewLock"},

	// They act, although they have the options of queries, with MinQueryIndex and IsRead.
	methods{AtMostOnce, `
		CSIPlugin: Delete
		ClientAllocations: GarbageCollect GarbageCollectAll Restart SetPauseState Signal
		NodeIdentity: Renew
		NodeMeta: Apply
		System: GarbageCollect ReconcileJobSummaries`},
	// So did these up to Nomad 1.9: each call makes tokens.
	methods{AtMostOnce, "Node: DeriveVaultToken DeriveSIToken"},
	// The calls of servers on an agent have the same requests.
	methods{AtMostOnce, "Allocations: GarbageCollect GarbageCollectAll Restart SetPauseState Signal"},

	// An agent's writes of which a second one adds an event; the deadline of a drain and an
	// event; a second request to the plugin's controller, with an effect that depends on the
	// plugin.
	methods{AtMostOnce, "Node: EmitEvents UpdateDrain"},
	methods{AtMostOnce, "CSIVolume: Claim Unpublish"},
)

// acting has the services some of whose requests act although they have the options of
// queries: the arguments of an unknown method prove nothing.
var acting = map[string]bool{
	"Allocations": true, "CSIPlugin": true, "ClientAllocations": true, "ClientCSI": true, "ClientHostVolume": true,
	"NodeIdentity": true, "NodeMeta": true, "System": true,
}

// methods are of one class: each line has a service and its methods.
type methods struct {
	class Class
	lines string
}

func tabulate(all ...methods) map[string]Class {
	table := map[string]Class{}
	for _, m := range all {
		for line := range strings.Lines(m.lines) {
			service, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
			for name := range strings.FieldsSeq(names) {
				table[service+"."+name] = m.class
			}
		}
	}
	return table
}
