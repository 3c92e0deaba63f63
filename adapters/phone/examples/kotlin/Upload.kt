// Uploads a file and prints what the server said: Upload URL FILE [ROOT.pem]
//
// On a phone the coroutine is one of the app's own scopes, and the listener posts to whatever draws.

import java.io.File
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking
import quintet.*

/** Hears the events on the engine's thread: it must return soon. */
class Printing : UploadListener {
    override fun onEvent(event: UploadEvent) {
        when (event) {
            is UploadEvent.Progress -> println("${event.progress.percent} %")
            is UploadEvent.Retrying -> println("attempt ${event.attempt} in ${event.afterMs} ms")
            else -> Unit
        }
    }
}

fun main(args: Array<String>) {
    val settings = when (args.size) {
        2 -> EngineSettings()
        3 -> EngineSettings(tls = TlsOptions(rootsPem = listOf(File(args[2]).readText())))
        else -> {
            System.err.println("usage: Upload URL FILE [ROOT.pem]")
            exitProcess(2)
        }
    }
    // One engine for an app.
    UploadEngine(settings).use { engine ->
        val request = UploadRequest(
            url = args[0],
            filePath = args[1],
            name = "photo",
            formData = listOf(FormField("album", "spring")),
            timeoutMs = 120_000u,
        )
        val task = engine.upload(request, Printing())
        try {
            // From anywhere: task.abort(), task.pause(), task.resume().
            val response = runBlocking { task.response() }
            println("${response.status} ${response.data}")
        } catch (e: UploadException.Failed) {
            println("failed: ${e.failure.errno} ${e.failure.reason} (${e.failure.phase}) ${e.failure.detail}")
            exitProcess(1)
        }
    }
}
