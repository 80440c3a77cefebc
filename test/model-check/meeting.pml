/*
 * Partitions that meet, as implemented (src/lrt): who is asked, who waits for a hand-over slot, who gives way, and what
 * that does to the oldest event. Leader i has the event that is i-th in age (0 the oldest), lives on node i and wants
 * the K nodes from its own on. A request and its answer are one step; the walk is as long as the need.
 *
 * Every step that stays possible happens in the end (weak fairness); with -DCRASH leaders but the first may die for ever.
 * Assumed: a slot's turn comes before its owner has grown for too long (growMs). -DIMPATIENT drops that.
 * Mutants, one fault each, and what stands for which function: docs/reference/model-check.md.
 */
#ifndef I
#define I 3
#endif
#ifndef N
#define N I
#endif
#ifndef K
#define K 2
#endif
#define AT(i, n) ((i) * N + (n))
#define NTH(i, k) (((i) + (k)) % N)

/* Phases of a leader. */
#define IDLE 0
#define GROWING 1
#define HANDING_OVER 2
#define APPLYING 3
/* What a leader knows of a node it wants. */
#define UNASKED 0
#define JOINED 1
#define SLOTTED 2
#define REFUSED 3

byte holder[N]; /* leader + 1; 0: free */
byte slot[N];   /* leader + 1; 0: nobody's */
byte acting[N]; /* the leader whose action runs there + 1 */
byte phase[I];
byte wounded_by[I]; /* leader + 1 */
byte taken_by[I];   /* the leader that has taken this event over + 1 */
byte known[I * N];
bit turn[I * N]; /* a notice: n is free, for i */
bit handled[I]; bit dead[I];

hidden byte one_partition_acts_on_a_node = 1;

#ifdef NO_SLOT
#define WELCOME(i, n) true
#else
#define WELCOME(i, n) (slot[n] == 0 || slot[n] >= (i) + 1)
#endif

/* BookingDesk.end, #openSlot. */
inline make_free(at) {
  holder[at] = 0;
  if :: slot[at] != 0 -> turn[AT(slot[at] - 1, at)] = 1 :: else fi
}
/* BookingDesk.reserve, #busy, #takeSlot. */
inline reserve(who, at) {
  if
  :: holder[at] == who + 1 -> known[AT(who, at)] = JOINED
  :: holder[at] == 0 && WELCOME(who, at) ->
    holder[at] = who + 1; known[AT(who, at)] = JOINED;
    if :: slot[at] == who + 1 -> slot[at] = 0 :: else fi
  :: else ->
    known[AT(who, at)] = REFUSED;
    if
#ifndef NO_WOUND
    :: holder[at] > who + 1 && phase[holder[at] - 1] == GROWING && !dead[holder[at] - 1] -> wounded_by[holder[at] - 1] = who + 1
#endif
    :: else
    fi;
#ifndef NO_SLOT
    if :: holder[at] != 0 && WELCOME(who, at) -> slot[at] = who + 1; known[AT(who, at)] = SLOTTED :: else fi
#endif
  fi
}
/* Partition.#finish: members are released, slots passed on; what was taken over waits again at its owner's. */
inline finish(who, so) {
  m = 0;
  do
  :: m < N ->
    if :: slot[m] == who + 1 -> slot[m] = 0 :: else fi;
    turn[AT(who, m)] = 0; known[AT(who, m)] = UNASKED;
    if :: holder[m] == who + 1 -> make_free(m) :: else fi;
    m++
  :: else -> break
  od;
  m = 0;
  do
  :: m < I -> if :: taken_by[m] == who + 1 -> taken_by[m] = 0; handled[m] = so :: else fi; m++
  :: else -> break
  od;
  m = 0; wounded_by[who] = 0; phase[who] = IDLE
}
/* Only what started on a host that joined has been looked at (#outcomeFor). */
inline keep_considered(who) {
  m = 0;
  do
  :: m < I -> if :: taken_by[m] == who + 1 && holder[m] != who + 1 -> taken_by[m] = 0 :: else fi; m++
  :: else -> break
  od;
  m = 0
}

#define KNOWS(i, what) (known[AT(i, i)] == (what) || known[AT(i, NTH(i, 1))] == (what) || known[AT(i, NTH(i, K - 1))] == (what))
#define ALL_JOINED(i) (known[AT(i, i)] == JOINED && known[AT(i, NTH(i, 1))] == JOINED && known[AT(i, NTH(i, K - 1))] == JOINED)
/* It believes in a slot that an older one has taken from it. */
#define DECEIVED(i, n) (known[AT(i, n)] == SLOTTED && slot[n] != (i) + 1 && !turn[AT(i, n)])
#ifdef IMPATIENT
#define TIME_OVER(i) KNOWS(i, SLOTTED)
#else
#define TIME_OVER(i) (DECEIVED(i, i) || DECEIVED(i, NTH(i, 1)) || DECEIVED(i, NTH(i, K - 1)))
#endif
#define GROWS(i) (!dead[i] && phase[i] == GROWING && wounded_by[i] == 0)
#define OLDER(i) (wounded_by[i] - 1)

proctype Leader(byte i) {
  byte n, m;
  end:
  do
  :: d_step { !dead[i] && phase[i] == IDLE && !handled[i] && taken_by[i] == 0 -> phase[i] = GROWING }
  /* Its own node first, then the others in the order of the walk. */
  :: d_step { GROWS(i) && known[AT(i, i)] == UNASKED -> reserve(i, i) }
  :: d_step { GROWS(i) && known[AT(i, i)] == JOINED && known[AT(i, NTH(i, 1))] == UNASKED -> n = NTH(i, 1); reserve(i, n); n = 0 }
#if K > 2
  :: d_step {
      GROWS(i) && known[AT(i, i)] == JOINED && known[AT(i, NTH(i, 1))] != UNASKED && known[AT(i, NTH(i, 2))] == UNASKED ->
      n = NTH(i, 2); reserve(i, n); n = 0
    }
#endif
  :: d_step { GROWS(i) && turn[AT(i, i)] -> turn[AT(i, i)] = 0; known[AT(i, i)] = UNASKED }
  :: d_step { GROWS(i) && turn[AT(i, NTH(i, 1))] -> turn[AT(i, NTH(i, 1))] = 0; known[AT(i, NTH(i, 1))] = UNASKED }
#if K > 2
  :: d_step { GROWS(i) && turn[AT(i, NTH(i, 2))] -> turn[AT(i, NTH(i, 2))] = 0; known[AT(i, NTH(i, 2))] = UNASKED }
#endif
  /* Nobody left to ask, and no slot to wait for; or its time is over. */
  :: d_step { GROWS(i) && (known[AT(i, i)] == REFUSED || !KNOWS(i, UNASKED) && !KNOWS(i, SLOTTED)) && !ALL_JOINED(i) -> finish(i, 0) }
  :: d_step { GROWS(i) && TIME_OVER(i) -> finish(i, 0) }
  :: d_step { GROWS(i) && ALL_JOINED(i) -> keep_considered(i); phase[i] = APPLYING }
  /* onWound, then the older one's answer (take). */
  :: d_step { !dead[i] && phase[i] == GROWING && wounded_by[i] != 0 -> phase[i] = HANDING_OVER }
  :: d_step {
      !dead[i] && phase[i] == HANDING_OVER ->
      n = wounded_by[i];
      if :: phase[n - 1] == GROWING && !dead[n - 1] -> taken_by[i] = n :: else fi;
      finish(i, 0); n = 0
    }
  /* Each host is acted on, and released after its last action. */
  :: d_step {
      !dead[i] && phase[i] == APPLYING && (holder[i] == i + 1 || holder[NTH(i, 1)] == i + 1 || holder[NTH(i, K - 1)] == i + 1) ->
      n = i;
      do :: holder[n] != i + 1 -> n = (n + 1) % N :: else -> break od;
      if
      :: acting[n] == 0 -> acting[n] = i + 1
      :: else -> assert(acting[n] == i + 1 && one_partition_acts_on_a_node); acting[n] = 0; make_free(n)
      fi;
      n = 0
    }
  :: d_step {
      !dead[i] && phase[i] == APPLYING && holder[i] != i + 1 && holder[NTH(i, 1)] != i + 1 && holder[NTH(i, K - 1)] != i + 1 ->
      handled[i] = 1; finish(i, 1)
    }
#ifdef CRASH
  :: d_step { i != 0 && !dead[i] && phase[i] != IDLE -> dead[i] = 1 }
#endif
#ifndef EVENTS_ABANDONED
  /* EventQueue.reclaim. */
  :: d_step { taken_by[i] != 0 && dead[taken_by[i] - 1] -> taken_by[i] = 0 }
#endif
  od
}

proctype Node(byte n) {
  end:
  do
  :: d_step { acting[n] != 0 && dead[acting[n] - 1] -> acting[n] = 0 }
#ifndef LEASE_ENDLESS
  :: d_step { holder[n] != 0 && dead[holder[n] - 1] && acting[n] == 0 -> make_free(n) }
#endif
#ifndef SLOT_UNLEASED
  :: d_step { holder[n] == 0 && slot[n] != 0 && dead[slot[n] - 1] -> turn[AT(slot[n] - 1, n)] = 0; slot[n] = 0 }
#endif
  od
}

init {
  atomic {
    byte k;
    for (k : 0 .. I - 1) { run Leader(k) }
    for (k : 0 .. N - 1) { run Node(k) }
  }
}

#define OVER(i) (handled[i] || dead[i])
ltl the_oldest_event_finishes { <> (handled[0]) }
ltl every_event_finishes { <> (OVER(0) && OVER(1) && OVER(I - 1)) }
ltl every_reservation_is_released { [] ((holder[1] != 0) -> <> (holder[1] == 0)) }
