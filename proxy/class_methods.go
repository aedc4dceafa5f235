package proxy

import "strings"

// classes are the methods whose class is known whatever their arguments say. Their
// source is Nomad 2.0.6: the endpoints under nomad/, and what a client agent calls
// under client/; older versions where it says so. Any other method has the class
// that its arguments tell, or is AtMostOnce.
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

	// It signs again, and keeps nothing.
	methods{Read, "Alloc: SignIdentities"},
	// They carry the options of writes, compute an answer and keep nothing.
	methods{Read, "Job: Plan Validate"},

	// They set a state: the second one finds it set.
	methods{Idempotent, "Node: Register UpdateStatus UpdateAlloc"},
	// The registrations bear IDs of the agent's.
	methods{Idempotent, "ServiceRegistration: Upsert"},
	// The second one finds nothing to delete and says so; agents take that for done.
	methods{Idempotent, "ServiceRegistration: DeleteByID"},
	// It begins the lock's time anew, for its holder only.
	methods{Idempotent, "Variables: RenewLock"},

	// They act, and yet carry the options of queries, with MinQueryIndex and IsRead.
	methods{AtMostOnce, `
		CSIPlugin: Delete
		ClientAllocations: GarbageCollect GarbageCollectAll Restart SetPauseState Signal
		NodeIdentity: Renew
		NodeMeta: Apply
		System: GarbageCollect ReconcileJobSummaries`},
	// So did these up to Nomad 1.9: each call makes tokens.
	methods{AtMostOnce, "Node: DeriveVaultToken DeriveSIToken"},
	// What servers call on an agent has the same requests.
	methods{AtMostOnce, "Allocations: GarbageCollect GarbageCollectAll Restart SetPauseState Signal"},

	// An agent's writes that a second one adds to: an event; the deadline of a drain
	// and an event; a round with the plugin's controller, which is up to the plugin.
	methods{AtMostOnce, "Node: EmitEvents UpdateDrain"},
	methods{AtMostOnce, "CSIVolume: Claim Unpublish"},
)

// acting are the services whose requests carry the options of queries though some
// of them act: of a method that is not known nothing is believed.
var acting = map[string]bool{
	"Allocations": true, "CSIPlugin": true, "ClientAllocations": true, "ClientCSI": true, "ClientHostVolume": true,
	"NodeIdentity": true, "NodeMeta": true, "System": true,
}

// methods are some of one class: a line has a service and its methods.
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
