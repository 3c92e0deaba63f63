// What a Kotlin program must see of the library: PhoneTest HTTP_URL HTTPS_URL ROOT.pem FOLDER
//
// The receiver answers with the SHA-256 of what came; it is compared with that of what was sent.

import com.sun.jna.Library
import com.sun.jna.Native
import java.io.File
import java.security.MessageDigest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.system.exitProcess
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import quintet.*

/** Longest time that anything here may take: a test that hangs must end. */
const val PATIENCE_MS = 120_000L

fun check(condition: Boolean, said: () -> Any?) {
    if (!condition) throw AssertionError(said())
}

fun equal(found: Any?, wanted: Any?) = check(found == wanted) { "found $found, wanted $wanted" }

fun sha256(bytes: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }

/** Keeps what it hears, and does something besides. */
class Hearing(val also: (UploadEvent) -> Unit = {}) : UploadListener {
    val events = mutableListOf<UploadEvent>()
    private val done = CompletableFuture<UploadOutcome>()

    override fun onEvent(event: UploadEvent) {
        synchronized(events) { events += event }
        also(event)
        if (event is UploadEvent.Done) done.complete(event.outcome)
    }

    fun outcome(): UploadOutcome = done.get(PATIENCE_MS, java.util.concurrent.TimeUnit.MILLISECONDS)

    inline fun <reified E : UploadEvent> all(): List<E> =
        synchronized(events) { events.filterIsInstance<E>() }
}

fun UploadOutcome.response(): UploadResponse = when (val result = result) {
    is UploadResult.Success -> result.response
    is UploadResult.Failure -> throw AssertionError("failed: ${result.failure}")
}

fun UploadOutcome.failure(): UploadFailure = when (val result = result) {
    is UploadResult.Success -> throw AssertionError("succeeded: ${result.response}")
    is UploadResult.Failure -> result.failure
}

interface LibC : Library {
    fun open(path: String, flags: Int): Int
    fun close(descriptor: Int): Int
}

class Rules(private val url: String, private val engine: UploadEngine, private val folder: File) {
    private fun file(name: String, size: Int): File =
        File(folder, name).apply { writeBytes(Random(size).nextBytes(size)) }

    private fun request(file: File, rateMax: ULong? = null) = UploadRequest(
        url = url, filePath = file.path, name = "photo", rateMax = rateMax, progressIntervalMs = 0u,
    )

    fun bytesArriveAndEventsComeInOrder() {
        val file = file("a.bin", 3_000_000)
        val hearing = Hearing()
        val asked = request(file).copy(
            formData = listOf(FormField("album", "spring 春"), FormField("empty", "")),
            header = listOf(Header("X-Own", "1"), Header("Host", "elsewhere")),
            mimeType = "image/x-own",
        )
        val task = engine.upload(asked, hearing)
        val outcome = task.outcomeBlocking()
        val response = outcome.response()
        equal(response.status, 200.toUShort())
        check(response.data.contains("\"sha256\":\"${sha256(file.readBytes())}\"")) { response.data }
        check(response.data.contains("\"contentType\":\"image/x-own\"")) { response.data }
        check(response.data.contains("spring 春")) { response.data }
        check(task.responseBody()!!.contentEquals(response.data.toByteArray())) { "the body's bytes" }
        equal(task.ignoredHeaders(), listOf("Host"))
        equal(task.trace().length, 53)
        equal(outcome.trace, task.trace())
        equal(outcome.id, task.id())
        equal(outcome.errMsg, "uploadFile:ok")
        equal(outcome.bytesSent, outcome.bytesTotal)
        equal(outcome.phases.last().phase, "total")

        equal(hearing.outcome(), outcome)
        val progress = hearing.all<UploadEvent.Progress>().map { it.progress }
        equal(progress.map { it.sent }, progress.map { it.sent }.sorted())
        equal(progress.last().percent, 100.toUByte())
        equal(progress.last().sent, outcome.bytesTotal)
        val kinds = hearing.events.map { it::class.simpleName }.filter { it != "Progress" }
        equal(kinds, listOf("Admitted", "HeadersReceived", "Done"))
        equal(hearing.events.indexOfLast { it is UploadEvent.Progress }, hearing.events.size - 3)
        val headers = hearing.all<UploadEvent.HeadersReceived>().single()
        equal(headers.headers, response.headers)
    }

    fun abortInsideAProgressEvent() {
        val task = CompletableFuture<UploadTask>()
        val took = mutableListOf<Boolean>()
        val hearing = Hearing { event ->
            if (event is UploadEvent.Progress) took += task.get().abort()
        }
        task.complete(engine.upload(request(file("b.bin", 2_000_000), rateMax = 100_000u), hearing))
        val failure = hearing.outcome().failure()
        equal(failure.kind, FailureKind.ABORTED)
        equal(failure.errno, 301)
        equal(failure.reason, "abort")
        equal(failure.phase, UploadPhase.BODY)
        // A last progress event may follow, which tells how far it came.
        equal(took.indices.filter { took[it] }, listOf(0))
        check(!task.get().abort()) { "an abort after the end took effect" }
    }

    fun aMissingFileIsATypedError() {
        val missing = request(File(folder, "missing.bin"))
        val task = engine.upload(missing)
        try {
            runBlocking { task.response() }
            throw AssertionError("a missing file was sent")
        } catch (e: UploadException.Failed) {
            equal(e.failure.kind, FailureKind.FILE_NOT_FOUND)
            equal(e.failure.errno, 104)
            equal(e.failure.errString, "invalid parameter")
            equal(e.failure.reason, "file not found")
        }
        val outcome = task.outcomeBlocking()
        equal(outcome.errMsg, "uploadFile:fail file not found")
        check(outcome.mayRetry) { "bytes were sent" }
        equal(engine.upload(missing.copy(url = "")).outcomeBlocking().failure().kind, FailureKind.INVALID_PARAMETER)
    }

    fun twelveGoFiveAtATime() {
        val active = AtomicInteger()
        val most = AtomicInteger()
        val files = (1..12).map { file("many$it.bin", 10_000 + it) }
        // Closed until all have been asked for: so twelve wait, and five slots are given at once.
        engine.setGate(false)
        val heard = files.map { file ->
            val hearing = Hearing { event ->
                if (event is UploadEvent.Admitted) most.accumulateAndGet(active.incrementAndGet(), ::maxOf)
                if (event is UploadEvent.Done) active.decrementAndGet()
            }
            engine.upload(request(file), hearing)
            hearing
        }
        engine.setGate(true)
        files.zip(heard).forEach { (file, hearing) ->
            check(hearing.outcome().response().data.contains(sha256(file.readBytes()))) { file }
            equal(hearing.all<UploadEvent.Queued>().size, 1)
        }
        equal(most.get(), 5)
    }

    fun aListenerMayThrow() {
        val hearing = Hearing { throw IllegalStateException("on purpose") }
        val file = file("c.bin", 5_000)
        val outcome = engine.upload(request(file), hearing).outcomeBlocking()
        check(outcome.response().data.contains(sha256(file.readBytes()))) { outcome }
        check(hearing.events.last() is UploadEvent.Done) { hearing.events }
    }

    fun waitingInsideAListenerIsRefused() {
        val task = CompletableFuture<UploadTask>()
        val refused = CompletableFuture<Boolean>()
        val hearing = Hearing { event ->
            if (event is UploadEvent.Admitted) {
                val waited = runCatching { task.get().outcomeBlocking() }
                refused.complete(waited.exceptionOrNull() is UploadException.InsideListener)
            }
        }
        task.complete(engine.upload(request(file("d.bin", 10)), hearing))
        check(refused.get()) { "it was not" }
        hearing.outcome().response()
    }

    fun pauseAndResume() {
        val task = CompletableFuture<UploadTask>()
        val asked = CompletableFuture<Boolean>()
        val paused = CompletableFuture<Unit>()
        val hearing = Hearing { event ->
            if (event is UploadEvent.Progress && !asked.isDone) asked.complete(task.get().pause())
            if (event is UploadEvent.Paused) paused.complete(Unit)
        }
        val file = file("e.bin", 400_000)
        task.complete(engine.upload(request(file, rateMax = 1_000_000u), hearing))
        check(asked.get()) { "the pause took no effect" }
        paused.get()
        check(!task.get().pause()) { "a second pause took effect" }
        check(task.get().resume()) { "the resume took no effect" }
        task.get().setRateMax(0u)
        check(hearing.outcome().response().data.contains(sha256(file.readBytes()))) { "other bytes" }
        val kinds = hearing.events.map { it::class.simpleName }
        check(kinds.indexOf("Paused") in 1..<kinds.indexOf("Resumed")) { kinds }
    }

    fun descriptorsBytesAndPartsOfFiles() {
        val file = file("f.bin", 70_000)
        val c = Native.load("c", LibC::class.java)
        val descriptor = c.open(file.path, 0)
        val form = UploadRequest(
            url = url,
            files = listOf(
                FilePart("whole", UploadSource.Descriptor(descriptor), fileName = "f.bin"),
                FilePart("part", UploadSource.Path(file.path), range = ByteRange(10u, 20u)),
                FilePart("bytes", UploadSource.Bytes("hello".toByteArray()), fileName = "h.txt"),
            ),
        )
        val task = engine.upload(form)
        // It was duplicated in the call.
        equal(c.close(descriptor), 0)
        val said = task.outcomeBlocking().response().data
        for (wanted in listOf(file.readBytes(), file.readBytes().copyOfRange(10, 30), "hello".toByteArray())) {
            check(said.contains(sha256(wanted))) { said }
        }
        val closed = engine.upload(form).outcomeBlocking().failure()
        equal(closed.kind, FailureKind.INVALID_PARAMETER)
        check(closed.reason.startsWith("invalid parameter: descriptor ")) { closed }

        val raw = UploadRequest(
            url = url, raw = UploadSource.Path(file.path), method = UploadMethod.PUT, mimeType = "image/x-own",
        )
        val answer = engine.upload(raw).outcomeBlocking().response().data
        check(answer.contains(sha256(file.readBytes()))) { answer }
        val both = engine.upload(raw.copy(filePath = file.path)).outcomeBlocking().failure()
        equal(both.reason, "invalid parameter: raw stands beside filePath or name")
    }

    fun coroutinesWaitTogetherAndGiveUp() = runBlocking {
        val task = engine.upload(request(file("g.bin", 300_000), rateMax = 1_000_000u))
        val one = async { task.outcome() }
        val other = async { task.response() }
        val given = launch { task.outcome() }
        yield()
        given.cancelAndJoin()
        task.setRateMax(0u)
        equal(one.await().response(), other.await())
        equal(task.outcome(), one.await())
    }

    /** Nobody listens on port 1 of loopback. */
    fun retriesAreTold() {
        val hearing = Hearing()
        val retry = Retry(retriesMax = 2u, delayFirstMs = 1u, delayMaxMs = 1u)
        val asked = request(file("h.bin", 10)).copy(url = "http://127.0.0.1:1/", retry = retry)
        val outcome = engine.upload(asked, hearing).outcomeBlocking()
        equal(outcome.failure().kind, FailureKind.REFUSED)
        equal(outcome.failure().errno, 305)
        equal(outcome.attempts, 3u)
        val retrying = hearing.all<UploadEvent.Retrying>()
        equal(retrying.map { it.attempt }, listOf(2u, 3u))
        equal(retrying.map { it.because }.toSet(), setOf(RetryCause.Failure(FailureKind.REFUSED)))
    }

    fun all() {
        val rules = listOf(
            ::bytesArriveAndEventsComeInOrder, ::abortInsideAProgressEvent, ::aMissingFileIsATypedError,
            ::twelveGoFiveAtATime, ::aListenerMayThrow, ::waitingInsideAListenerIsRefused, ::pauseAndResume,
            ::descriptorsBytesAndPartsOfFiles, ::coroutinesWaitTogetherAndGiveUp, ::retriesAreTold,
        )
        for (rule in rules) {
            passing("${url.substringBefore(':')}: ${rule.name}") { rule() }
        }
    }
}

var passed = 0

fun passing(what: String, rule: () -> Unit) {
    rule()
    println("ok $what")
    passed += 1
}

fun wrongSettingsAreTyped() {
    for ((settings, name) in listOf(
        EngineSettings(domains = listOf("https://a/path")) to "domains",
        EngineSettings(tls = TlsOptions(rootsPem = listOf("no certificate"))) to "tls",
    )) {
        try {
            UploadEngine(settings)
            throw AssertionError("$name was taken")
        } catch (e: EngineException.Setting) {
            equal(e.setting, name)
        }
    }
}

fun main(args: Array<String>) {
    val (http, https, root, folder) = args
    val watchdog = Thread {
        Thread.sleep(PATIENCE_MS)
        System.err.println("over $PATIENCE_MS ms")
        Runtime.getRuntime().halt(1)
    }
    watchdog.isDaemon = true
    watchdog.start()
    try {
        passing("wrong settings are typed", ::wrongSettingsAreTyped)
        val engine = UploadEngine(EngineSettings())
        Rules(http, engine, File(folder)).all()
        passing("an unknown root is a TLS failure") {
            val request = UploadRequest(url = https, filePath = root, name = "root")
            equal(engine.upload(request).outcomeBlocking().failure().kind, FailureKind.TLS)
        }
        val trusting = EngineSettings(tls = TlsOptions(rootsPem = listOf(File(root).readText())))
        UploadEngine(trusting).use { Rules(https, it, File(folder)).all() }
        passing("a shutdown ends the engine") {
            check(engine.shutdown()) { "it has not ended" }
            val late = engine.upload(UploadRequest(url = http, filePath = root, name = "root"))
            equal(late.outcomeBlocking().failure().kind, FailureKind.SHUT_DOWN)
        }
    } catch (e: Throwable) {
        e.printStackTrace()
        println("$passed passed, 1 failed")
        exitProcess(1)
    }
    println("$passed passed, 0 failed")
    // What JNA keeps must not keep the program.
    exitProcess(0)
}
