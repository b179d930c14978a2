package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.wal.WriteAheadLog;
import java.util.List;
import java.util.function.Function;

/**
 * What opening a volume put together, for the volume to run with.
 *
 * @param name for people
 * @param summaries tells of a manifest what people want to know
 * @param scrubs where scrubs of all volumes wait for their turn
 * @param position the end of the chain
 * @param manifest as it is stored now
 * @param base the checkpoint that the map began with; empty if none
 * @param baseBytes its length
 * @param doomed what that checkpoint had doomed
 * @param segmentsReplayed segments since it
 * @param noteClosed notes on this host that everything of the term is in the bucket; blocks
 */
record VolumeParts(
    VolumeIdentity identity,
    String name,
    Function<Manifest, VolumeSummary> summaries,
    ObjectVolumeSettings settings,
    EngineSizes sizes,
    EngineLoop loop,
    ObjectStore store,
    ManifestStore manifests,
    Nonces nonces,
    ScrubQueue scrubs,
    WriteAheadLog log,
    BlockMap map,
    IntervalMap<DirtyRange> dirty,
    Backlog backlog,
    ChainPosition position,
    ManifestStore.Stored manifest,
    List<Manifest.CheckpointRef> base,
    long baseBytes,
    List<Checkpoint.Doomed> doomed,
    int segmentsReplayed,
    Runnable noteClosed) {}
