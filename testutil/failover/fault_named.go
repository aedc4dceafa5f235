//go:build linux

package main

import (
	"syscall"
	"time"
)

// faultNamed is the fault with that name, which must be one of faultNames.
func faultNamed(name string) fault {
	f := fault{name: name, run: (*rig).try}
	switch name {
	case faultSIGINT:
		f.limit, f.inject, f.heal = inSight, endBy(syscall.SIGINT), restart
	case faultSIGKILL:
		f.limit, f.inject, f.heal = inSight, endBy(syscall.SIGKILL), restart
	case faultBlackHole:
		f.silent, f.limit, f.inject, f.heal = true, inSilence, cutOff, connect
	case faultOneWay:
		f.silent, f.limit, f.inject, f.heal = true, inSilence, loseOneWay, findAgain
	case faultSIGSTOP:
		f.silent, f.limit, f.lasts, f.inject, f.heal = true, inSilence, 62*time.Second, freeze, thaw
	case faultPingsOnly:
		f.silent, f.hung, f.limit, f.inject, f.heal = true, true, inSilence, hangs(hang{Calls: true}), restartHung
	case faultNoStream:
		f.silent, f.hung, f.limit, f.inject, f.heal = true, true, inSilence, hangs(hang{Streams: true}), restartHung
	case faultMethodHangs:
		f.silent, f.hung, f.limit, f.inject, f.heal = true, true, inSilence, hangs(hang{Method: "Node.UpdateStatus"}), restartHung
	case faultLeaderKill:
		f.onLeader, f.inject, f.heal = true, endBy(syscall.SIGKILL), restart
	case faultLeaderBlackHole:
		f.silent, f.onLeader, f.inject, f.heal = true, true, cutOff, connect
	case faultLeaderStop:
		f.onLeader, f.behind, f.limit, f.inject, f.heal = true, true, inElection, endBy(syscall.SIGINT), restart
	case faultLeaderTransfer:
		f.limit, f.run = inTransfer, (*rig).transfers
	case faultRoll:
		f.run = (*rig).roll // its limit is to miss nothing
	case faultRebalance:
		f.limit, f.run = inMotion, (*rig).wander
	case faultSidecarRestart:
		f.limit, f.lasts, f.run, f.fail, f.revive = inRestart, sidecarRestart, (*rig).sidecars, killSidecar, (*rig).startSidecar
	case faultSidecarLateRestart: // its limit is to miss nothing
		f.lasts, f.run, f.fail, f.revive = sidecarLate, (*rig).sidecars, killSidecar, (*rig).startSidecar
	case faultSidecarFreeze:
		f.limit, f.lasts, f.run, f.fail, f.revive = inFreeze, sidecarFreeze, (*rig).sidecars, freezeSidecar, thawSidecar
	}
	return f
}
