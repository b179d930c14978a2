package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.OpenVolumeRequest;
import java.util.Map;
import java.util.Set;
import java.util.Stack;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Opens an existing volume. */
@Command(
    name = "open",
    mixinStandardHelpOptions = true,
    description = {
      "Open a volume that exists: one in a bucket that this gateway does not have yet, or one of"
          + " its own that failed to open at its start.",
      "",
      "A volume that another gateway has open is taken from it: that one is fenced and serves reads"
          + " alone.",
      "",
      "A volume that this gateway lost to another one is not opened again by itself, neither at a"
          + " start nor later: this command is the word for it. Where completed writes would be"
          + " lost, it takes --takeover besides (docs/recovery.md)."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume open s3://my-bucket/disks/db",
      "  isthmus volume open db --takeover=lossy",
      "  isthmus volume open db --log-dir /mnt/nvme1/logs",
    })
final class OpenCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME|URI", description = "A name, or a storage URI.")
  private String nameOrUri = "";

  @Option(names = "--name", paramLabel = "NAME", description = "Default: the URI's last part.")
  private String name = "";

  @Option(
      names = "--takeover",
      paramLabel = "[WORD]",
      preprocessor = BareTakeover.class,
      description = {
        "What may be lost that the last owner's log alone has. unflushed, or no word: completed"
            + " writes that were never flushed, and nothing that was; enough for a volume with"
            + " --flush=uploaded. lossy: flushed writes too. An open that needs it is refused"
            + " first, and says what would be lost."
      })
  private String takeover = "";

  @Mixin private final LogDirectoryOption logDirectory = new LogDirectoryOption();

  @Mixin private final FencingOption fencing = new FencingOption();

  /** Without a word, the harmless one is meant; a name that follows is no word. */
  static final class BareTakeover implements IParameterPreprocessor {
    private static final Set<String> WORDS = Set.of("unflushed", "lossy");

    @Override
    public boolean preprocess(
        Stack<String> arguments, CommandSpec command, ArgSpec option, Map<String, Object> info) {
      boolean attached = "=".equals(info.get("separator"));
      boolean followed = !arguments.isEmpty() && WORDS.contains(arguments.peek());
      if (!attached && !followed) {
        arguments.push("unflushed");
      }
      return false;
    }
  }

  OpenVolumeRequest request() {
    return OpenVolumeRequest.newBuilder()
        .setNameOrUri(nameOrUri)
        .setName(name)
        .setTakeover(takeover)
        .setLogDirectory(logDirectory.absolute())
        .setFencing(fencing.word())
        .build();
  }

  @Override
  void run(ControlClient client) {
    show(client.volumes(volumes -> volumes.openVolume(request())));
  }
}
